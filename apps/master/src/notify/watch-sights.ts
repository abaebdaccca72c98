import type { Db, DbOrTrx } from '../db/open.ts';
import type { WatchRow } from '../db/notice-schema.ts';
import {
  changesAfter,
  countSighted,
  findWatch,
  lastChange,
  pendingSights,
  readCursor,
  writeCursor,
  writeWatch,
  type PendingSight,
} from '../db/notice-watches.ts';
import { SIGHT_WORDS } from '../monitor/probe/states.ts';
import { emit, type EmitOptions } from './emit.ts';
import { noticeId } from './ids.ts';
import { readMirrorFacts } from './mirror-facts.ts';
import { decide, fold, type Decision, type SettleOptions } from './settle.ts';
import { readSilence } from './silence.ts';

export const SIGHT_CURSOR = 'sight';
const CHANGES_A_ROUND = 500;
const SETTLED_A_ROUND = 100;
/** In a network of fewer, most of them may well be away at once. */
const FEWEST_TO_BLAME = 5;

/**
 * Take what was seen since the last round, and tell what has settled: the place that was reached, what
 * is watched and what is told are one transaction, so kill -9 neither loses nor doubles anything.
 *
 * @returns whether there is more to take.
 */
export function watchSights(db: Db, o: EmitOptions & SettleOptions): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const more = await takeChanges(trx);
    const pending = await pendingSights(trx);
    if (pending.length === 0) return more;
    const silence = await readSilence(trx, o.now);
    const blind = await isBlind(trx);
    let settled = 0;
    for (const row of pending) {
      const { mirror } = row;
      if (blind && row.state === 'unreachable') continue;
      const of = { silent: silence.isSilent(mirror), accused: silence.isAccused(mirror) };
      const decision = decide(row, row, of, o);
      await act(trx, row, decision, o);
      if (decision.do === 'settle') settled += 1;
      if (settled === SETTLED_A_ROUND) return true; // So that nothing else waits for all of them.
    }
    return more;
  });
}

/** Most mirrors at once do not answer: that is rather our own network than theirs. */
async function isBlind(trx: DbOrTrx): Promise<boolean> {
  const { all, unreachable } = await countSighted(trx);
  return all >= FEWEST_TO_BLAME && unreachable * 2 > all;
}

async function takeChanges(trx: DbOrTrx): Promise<boolean> {
  const newest = await lastChange(trx);
  const reached = (await readCursor(trx, SIGHT_CURSOR)) ?? 0;
  if (newest === reached) return false;
  // All of before may have been forgotten, and the numbers have begun anew.
  const changes = await changesAfter(trx, newest < reached ? 0 : reached, CHANGES_A_ROUND);
  for (const change of changes) {
    const { mirror, archive } = change;
    const before = await findWatch(trx, { mirror, archive, topic: 'sight' });
    await writeWatch(trx, fold(before, change));
  }
  await writeCursor(trx, SIGHT_CURSOR, changes.at(-1)?.sequence ?? newest);
  return changes.length === CHANGES_A_ROUND;
}

async function act(
  trx: DbOrTrx,
  pending: PendingSight,
  decision: Decision,
  o: EmitOptions & SettleOptions,
): Promise<void> {
  const { at: _at, state: _state, lacks_since: _lacks, ...row } = pending;
  switch (decision.do) {
    case 'wait':
      return;
    case 'rest': {
      if (o.now.getTime() - Date.parse(row.since) < o.settleMs / 2) return;
      await writeWatch(trx, { ...row, since: o.now.toISOString() });
      return;
    }
    case 'settle': {
      const incident = await tell(trx, row, decision, o);
      const turns = decision.unsteady ? { turns: 0 } : {};
      await writeWatch(trx, { ...row, ...turns, settled: decision.as, incident });
    }
  }
}

/** @returns the incident that is open from now on. */
async function tell(
  trx: DbOrTrx,
  row: WatchRow,
  decision: Extract<Decision, { do: 'settle' }>,
  o: EmitOptions,
): Promise<string | null> {
  const { mirror, archive, since, incident } = row;
  if (decision.tell === 'nothing') return incident;
  if (decision.tell === 'return') {
    if (incident === null) return null;
    const id = noticeId('returned', mirror, archive, since);
    const facts = await returnFacts(trx, row);
    await emit(trx, { id, kind: 'returned', mirror, archive, incident, facts }, o);
    return null;
  }
  const id = noticeId('sight', mirror, archive, decision.as, since);
  const kind = decision.as === 'stale' || decision.as === 'behind' ? 'stale' : 'failing';
  const facts = await troubleFacts(trx, row, decision);
  const count = await emit(trx, { id, kind, mirror, archive, incident, facts }, o);
  return incident ?? (count > 0 ? id : null);
}

async function troubleFacts(
  trx: DbOrTrx,
  { mirror, archive, since, turns }: WatchRow,
  { as, unsteady }: { as: string; unsteady: boolean },
) {
  const { facts, sighting } = await readMirrorFacts(trx, mirror, archive);
  const words = sighting === undefined ? as : SIGHT_WORDS[sighting.state];
  const from = as === 'behind' ? (sighting?.lacks_since ?? since) : since;
  const state = unsteady
    ? `it comes and goes: in trouble ${turns} times within a day, now ${words}`
    : as === 'behind'
      ? `stale: it lacks ${newestWords(sighting?.lacks ?? 1)}`
      : words;
  const short = unsteady ? 'comes and goes' : as === 'behind' ? 'is stale' : words;
  return { ...facts, title: `${mirror}: ${archive} ${short}`, state, since: from };
}

function newestWords(lacks: number): string {
  return lacks === 1 ? 'the newest release' : `the ${lacks} newest releases`;
}

async function returnFacts(trx: DbOrTrx, { mirror, archive, since }: WatchRow) {
  const { facts, sighting } = await readMirrorFacts(trx, mirror, archive);
  const words = sighting === undefined ? 'well' : SIGHT_WORDS[sighting.state];
  return {
    ...facts,
    title: `${mirror}: ${archive} is back (${words})`,
    state: `back: ${words}`,
    since,
  };
}
