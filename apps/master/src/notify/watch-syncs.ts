import type { Db, DbOrTrx } from '../db/open.ts';
import type { WatchRow } from '../db/notice-schema.ts';
import { failedClaims, listWatches, writeWatch } from '../db/notice-watches.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { publicRelease } from '../db/releases.ts';
import type { MirrorArchiveRow } from '../db/schema.ts';
import { emit, type EmitOptions } from './emit.ts';
import { noticeId } from './ids.ts';
import { readMirrorFacts } from './mirror-facts.ts';
import { readSilence } from './silence.ts';

/** Mirrors say that their syncs fail: by their own word, which is what operators mend it by. */
export function watchSyncs(db: Db, o: EmitOptions & { settleMs: number }): Promise<void> {
  return db.transaction().execute(async (trx) => {
    const watches = new Map((await listWatches(trx, 'sync')).map((row) => [nameOf(row), row]));
    for (const claim of await failedClaims(trx)) {
      const known = watches.get(nameOf(claim));
      if (known?.class === 'failing') continue;
      if (await hasNewest(trx, claim)) continue;
      const row = begin(known, claim, o.now);
      await writeWatch(trx, row);
      watches.set(nameOf(row), row);
    }
    const open = [...watches.values()].filter(({ class: now }) => now === 'failing');
    if (open.length === 0) return;
    const silence = await readSilence(trx, o.now);
    const claims = new Map((await listOptIns(trx)).map((row) => [nameOf(row), row]));
    for (const row of open) {
      await follow(trx, row, claims.get(nameOf(row)), silence.isSilent(row.mirror), o);
    }
  });
}

async function follow(
  trx: DbOrTrx,
  row: WatchRow,
  claim: MirrorArchiveRow | undefined,
  silent: boolean,
  o: EmitOptions & { settleMs: number },
): Promise<void> {
  const { mirror, archive, since, settled, incident } = row;
  if (claim === undefined) return;
  if (claim.said_event === 'committed' || (await hasNewest(trx, claim))) {
    if (incident !== null) {
      const id = noticeId('sync-returned', mirror, archive, since);
      const facts = await factsOf(trx, row, claim, 'its syncs work again');
      await emit(trx, { id, kind: 'returned', mirror, archive, incident, facts }, o);
    }
    await writeWatch(trx, { ...row, class: 'well', settled: 'well', incident: null });
    return;
  }
  const ms = o.now.getTime() - Date.parse(since);
  if (settled === 'failing' || ms < o.settleMs) return;
  if (silent) {
    await writeWatch(trx, { ...row, since: o.now.toISOString() });
    return;
  }
  const id = noticeId('sync', mirror, archive, since);
  const facts = await factsOf(trx, row, claim, 'its syncs fail');
  const count = await emit(trx, { id, kind: 'failing', mirror, archive, facts }, o);
  await writeWatch(trx, { ...row, settled: 'failing', incident: count > 0 ? id : null });
}

async function factsOf(
  trx: DbOrTrx,
  { mirror, archive, since }: WatchRow,
  { said_reason: reason }: MirrorArchiveRow,
  words: string,
) {
  const { facts } = await readMirrorFacts(trx, mirror, archive);
  return { ...facts, title: `${mirror}: ${archive}: ${words}`, state: words, since, reason };
}

function begin(known: WatchRow | undefined, claim: MirrorArchiveRow, now: Date): WatchRow {
  const { mirror, archive, said_at: since } = claim;
  return {
    ...known,
    mirror,
    archive,
    topic: 'sync',
    class: 'failing',
    since: since ?? now.toISOString(),
    settled: 'well',
    incident: null,
    shown: 0,
    turns: 0,
    turns_since: null,
  };
}

async function hasNewest(trx: DbOrTrx, claim: MirrorArchiveRow): Promise<boolean> {
  const newest = await publicRelease(trx, claim.archive);
  return newest !== undefined && claim.served_serial === newest.serial;
}

function nameOf({ mirror, archive }: { mirror: string; archive: string }): string {
  return `${mirror} ${archive}`;
}
