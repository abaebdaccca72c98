import type { Db, DbOrTrx } from '../db/open.ts';
import type { WatchRow } from '../db/notice-schema.ts';
import { certificatesUntil, listWatches, quarantineNow, writeWatch } from '../db/notice-watches.ts';
import { listSightings, MASTER_VANTAGE } from '../db/sightings.ts';
import { emit, type EmitOptions } from './emit.ts';
import { NO_FACTS, type NoticeFacts } from './facts.ts';
import { noticeId } from './ids.ts';
import { mirrorPage, readMirrorFacts } from './mirror-facts.ts';
import { readSilence } from './silence.ts';

/** Mirrors that were put into quarantine or let out: that was settled before it was written down. */
export function watchQuarantines(db: Db, o: EmitOptions): Promise<void> {
  return db.transaction().execute(async (trx) => {
    const now = await quarantineNow(trx);
    const watches = new Map((await listWatches(trx, 'quarantine')).map((row) => [row.mirror, row]));
    const closed = [...watches.values()].filter(
      ({ mirror, settled }) =>
        settled === 'quarantined' && !now.some(({ name }) => name === mirror),
    );
    if (now.length === 0 && closed.length === 0) return;
    const silence = await readSilence(trx, o.now);
    for (const { name, quarantined_at: since, quarantine_reason: reason } of now) {
      const known = watches.get(name);
      const isKnown = known?.settled === 'quarantined' && known.since === since;
      if (since === null || isKnown || silence.isSilent(name)) continue;
      await tellQuarantine(trx, name, { since, reason, incident: known?.incident ?? null }, o);
    }
    for (const row of closed) await tellReturn(trx, row, o);
  });
}

/** Certificates that are about to expire: each is told once. */
export function watchCertificates(
  db: Db,
  o: EmitOptions & { certificateBeforeMs: number },
): Promise<void> {
  return db.transaction().execute(async (trx) => {
    const before = new Date(o.now.getTime() + o.certificateBeforeMs).toISOString();
    const ending = await certificatesUntil(trx, before);
    if (ending.length === 0) return;
    const known = new Map((await listWatches(trx, 'certificate')).map((row) => [row.mirror, row]));
    const silence = await readSilence(trx, o.now);
    for (const { mirror, archive, until } of ending) {
      if (known.get(mirror)?.since === until || silence.isSilent(mirror)) continue;
      const id = noticeId('certificate', mirror, until);
      const { facts: all } = await readMirrorFacts(trx, mirror, archive);
      const over = until <= o.now.toISOString();
      const facts: NoticeFacts = {
        ...all,
        title: `${mirror}: its certificate ${over ? 'expired' : 'expires'} on ${until.slice(0, 10)}`,
        state: over ? 'its certificate has expired' : 'its certificate is about to expire',
        since: null,
        reason: `${over ? 'Since' : 'After'} that, readers over HTTPS are turned away.`,
        url: all.evidence.find(({ url }) => url.startsWith('https:'))?.url ?? all.url,
        certificateUntil: until,
      };
      await emit(trx, { id, kind: 'certificate', mirror, archive, facts }, o);
      await writeWatch(trx, rowOf(mirror, 'certificate', { since: until, settled: 'told' }));
    }
  });
}

async function tellQuarantine(
  trx: DbOrTrx,
  mirror: string,
  of: { since: string; reason: string | null; incident: string | null },
  o: EmitOptions,
): Promise<void> {
  const { since, reason, incident } = of;
  const id = noticeId('quarantine', mirror, since);
  const facts = await factsOf(trx, mirror, {
    title: `${mirror} is quarantined`,
    state: 'quarantined: nobody is sent to it, and no rollout waits for it',
    since,
    reason,
  });
  const count = await emit(trx, { id, kind: 'quarantined', mirror, incident, facts }, o);
  const settled = { since, settled: 'quarantined', incident: incident ?? (count > 0 ? id : null) };
  await writeWatch(trx, rowOf(mirror, 'quarantine', settled));
}

async function tellReturn(trx: DbOrTrx, row: WatchRow, o: EmitOptions): Promise<void> {
  const { mirror, incident, since } = row;
  if (incident !== null) {
    const id = noticeId('quarantine-end', mirror, since);
    const facts = await factsOf(trx, mirror, {
      title: `${mirror} is out of quarantine`,
      state: 'back: it counts again',
      since: o.now.toISOString(),
      reason: `It was in quarantine since ${since}.`,
    });
    await emit(trx, { id, kind: 'returned', mirror, incident, facts }, o);
  }
  await writeWatch(trx, rowOf(mirror, 'quarantine', { since, settled: 'well' }));
}

/** With the evidence of the archive that looks worst. */
async function factsOf(
  trx: DbOrTrx,
  mirror: string,
  words: Pick<NoticeFacts, 'title' | 'state' | 'since' | 'reason'>,
): Promise<NoticeFacts> {
  const sights = await listSightings(trx, { mirror, vantage: MASTER_VANTAGE });
  const [first] = sights.toSorted(
    (a, b) => Number(a.state === 'fresh') - Number(b.state === 'fresh'),
  );
  if (first === undefined) return { ...NO_FACTS, ...words, page: mirrorPage(mirror) };
  const { facts } = await readMirrorFacts(trx, mirror, first.archive);
  return { ...facts, ...words };
}

function rowOf(
  mirror: string,
  topic: 'quarantine' | 'certificate',
  of: { since: string; settled: string; incident?: string | null },
): WatchRow {
  const { since, settled, incident = null } = of;
  const rest = { archive: '', shown: 0, turns: 0, turns_since: null } as const;
  return { ...rest, mirror, topic, class: settled, since, settled, incident };
}
