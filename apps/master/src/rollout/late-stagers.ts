import type { Db } from '../db/open.ts';
import { findRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import { MASTER } from '../registry/tree.ts';
import { nameOf } from './outgoing.ts';
import { whatToSend } from './to-send.ts';

/**
 * Mirrors that have staged after the barrier of their wave was opened are told to commit at once.
 * `soon` runs an action when it is its turn; what is told meanwhile is looked at in one go.
 */
export function createLateStagers(o: {
  db: Db;
  soon: (action: () => Promise<void>) => void;
  takeUp: (archive: string) => Promise<void>;
}): (moved: readonly PushRow[]) => void {
  const staged = new Map<string, PushRow>();
  return (moved) => {
    const due = staged.size > 0;
    for (const row of moved) {
      if (row.state === 'staged' && row.sender === MASTER) staged.set(nameOf(row), row);
    }
    if (due || staged.size === 0) return;
    o.soon(async () => {
      const rows = [...staged.values()];
      staged.clear();
      for (const archive of await archivesToTell(o.db, rows)) await o.takeUp(archive);
    });
  };
}

async function archivesToTell(db: Db, rows: readonly PushRow[]): Promise<Set<string>> {
  const releases = new Map<string, ReleaseRow | undefined>();
  const archives = new Set<string>();
  for (const row of rows) {
    const name = `${row.archive} ${row.serial}`;
    if (!releases.has(name)) releases.set(name, await findRelease(db, row.archive, row.serial));
    const release = releases.get(name);
    if (release === undefined) continue;
    // Of a stock mirror too: what it is then told is for others to decide.
    if (whatToSend(row, release, 'agent') !== undefined) archives.add(row.archive);
  }
  return archives;
}
