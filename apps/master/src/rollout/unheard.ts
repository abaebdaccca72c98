import type { PushState } from '@pushmirror/trigger';
import type { Db } from '../db/open.ts';
import { openPushes } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import { MASTER } from '../registry/tree.ts';
import type { Ledger } from './ledger.ts';

/** Give up the pushes that nobody has spoken of for so long. */
export async function giveUpUnheard(db: Db, ledger: Ledger, ms: number, at: Date): Promise<void> {
  const untouchedSince = new Date(at.getTime() - ms).toISOString();
  const releases = new Map<string, ReleaseRow | undefined>();
  for (const row of await openPushes(db, { untouchedSince })) {
    const name = `${row.archive} ${row.serial}`;
    if (!releases.has(name)) releases.set(name, await findRelease(db, row.archive, row.serial));
    if (isAskedToWait(row, releases.get(name), untouchedSince)) continue;
    const reason = unheardReason(row, ms);
    if (reason !== undefined) await ledger.note(row, { state: 'given-up', reason, at });
  }
}

/** Its release is held, its wave's turn has not come, or not long ago enough. */
function isAskedToWait(
  { wave, state }: Pick<PushRow, 'wave' | 'state'>,
  release: ReleaseRow | undefined,
  untouchedSince: string,
): boolean {
  if (release === undefined) return false;
  if (release.held_at !== null || wave > release.wave) return true;
  if (wave < release.wave) return false;
  const staging = release.phase === 'staging' && state === 'staged';
  return staging || (release.phase_at ?? '') > untouchedSince;
}

/**
 * Why a push that nobody spoke of for so long is given up, in one sentence. Undefined for one that
 * the master itself is still sending: its own limit ends it.
 */
function unheardReason(push: { state: PushState; sender: string }, ms: number): string | undefined {
  const time = hours(ms);
  switch (push.state) {
    case 'accepted':
      return `The mirror accepted it and has reported no commit for ${time}.`;
    case 'staged':
      return `The mirror staged it and has reported no commit for ${time}.`;
    case 'waiting':
    case 'sending':
    case 'unreachable':
      return push.sender === MASTER
        ? undefined
        : `${push.sender}, which is to send it, has reported nothing of it for ${time}.`;
    case 'committed':
    case 'refused':
    case 'given-up':
    case 'superseded':
      return undefined;
  }
}

function hours(ms: number): string {
  const count = Math.round(ms / 3_600_000);
  return count >= 1 ? `${count} h` : `${Math.max(1, Math.round(ms / 60_000))} min`;
}
