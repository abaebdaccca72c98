import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import {
  lookOnce,
  placesOf,
  type Look,
  type LookMemory,
  type LookOptions,
  type Place,
} from '@pushmirror/probe';
import { NetError } from '@pushmirror/net';
import { findMirror } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import type { MirrorArchiveRow, MirrorRow, PushRow } from '../../db/schema.ts';
import type { SightChangeRow } from '../../db/sight-schema.ts';
import { stockOf } from '../../registry/stock.ts';
import type { ContentMemory } from './content-memory.ts';
import { readKnown } from './read-known.ts';
import { recordLook } from './record.ts';
import { isDoubtful, verdictOf, type Known, type Verdict } from './verdict.ts';

/** What was seen at a mirror's public address. */
export interface Observation {
  /** The serial of what readers rightly get there; null when that is nothing. */
  serial: number | null;
  /** What is wrong, or why it is not the newest. */
  reason: string | null;
}

/** Looks at mirrors from outside. What it sees never mixes with what they say of themselves. */
export interface Prober {
  /**
   * Look, now, and write down what was seen. Undefined when the mirror has no public address. One
   * look at a mirror at a time: who asks meanwhile gets its result.
   */
  look(mirror: string, archive: string): Promise<Observation | undefined>;
  /** Mirrors say that they committed: see whether it shows. */
  committed(pushes: readonly PushRow[]): void;
  /** Looks that have begun and not ended. */
  underway(): number;
  /** Breaks off what is under way; nothing is looked at after this. */
  close(): Promise<void>;
}

export interface ProberOptions {
  db: Db;
  /** What a head of this archive is worth. */
  vet: (archive: string) => Known['vet'];
  lookOptions: LookOptions;
  content: ContentMemory;
  /** Looks at once. */
  concurrency: number;
  /** A mirror that does not answer is asked once more after this, before it counts as unreachable. */
  againAfterMs: number;
  /** Told of the pushes that were seen at the mirror for the first time. */
  onSeen: (pushes: readonly PushRow[]) => void;
  /** Told of each mirror that became another state; it is written down. */
  onChange: (change: SightChangeRow) => void;
  /** Told of each look that was written down. */
  onLooked: (mirror: MirrorRow, verdict: Verdict) => Promise<void>;
  onTrouble: (error: unknown) => void;
}

/** Looks in the queue; what is above is left to the next time. */
const QUEUE = 20_000;

export function createProber(o: ProberOptions): Prober {
  const limit = pLimit(o.concurrency);
  const underway = new Map<string, Promise<Observation | undefined>>();
  const memories = new Map<string, LookMemory>();
  const stopping = new AbortController();

  const lookNow = async (name: string, archive: string): Promise<Observation | undefined> => {
    const found = await findMirrorIn(o.db, name, archive);
    if (found === undefined || stopping.signal.aborted) return undefined;
    const { mirror, optIn, places } = found;
    const key = `${archive} ${name}`;
    const memory = memories.get(key) ?? new Map();
    memories.set(key, memory);
    const { look, verdict } = await judge(o, { mirror, optIn, places }, memory, stopping.signal);
    if (stopping.signal.aborted) return undefined;
    const recorded = await recordLook(o.db, { mirror: name, archive, look, verdict });
    o.onSeen(recorded.seen);
    if (recorded.change !== undefined) o.onChange(recorded.change);
    await o.onLooked(mirror, verdict);
    const wrong = verdict.state === 'wrong-content' || verdict.state === 'equivocating';
    return { serial: wrong ? null : (verdict.shown?.serial ?? null), reason: verdict.reason };
  };

  const look: Prober['look'] = (mirror, archive) => {
    const name = `${archive} ${mirror}`;
    const before = underway.get(name);
    if (before !== undefined) return before;
    const looking = limit(() => lookNow(mirror, archive))
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return undefined;
        throw error;
      })
      .finally(() => underway.delete(name));
    underway.set(name, looking);
    return looking;
  };

  return {
    look,
    committed(pushes) {
      for (const { mirror, archive, state } of pushes) {
        if (state !== 'committed' || underway.size >= QUEUE) continue;
        look(mirror, archive).catch(o.onTrouble);
      }
    },
    underway: () => underway.size,
    async close() {
      stopping.abort();
      await Promise.allSettled(underway.values());
    },
  };
}

interface Found {
  mirror: MirrorRow;
  optIn: MirrorArchiveRow;
  places: Place[];
}

async function findMirrorIn(db: Db, name: string, archive: string): Promise<Found | undefined> {
  const mirror = await findMirror(db, name);
  const carried = await listOptIns(db, { mirror: name });
  const optIn = carried.find((row) => row.archive === archive);
  if (mirror === undefined || optIn === undefined) return undefined;
  const places = placesIn(mirror, archive, carried);
  return places.length === 0 ? undefined : { mirror, optIn, places };
}

/** An address that was taken long ago and would not be taken today is none. */
function placesIn(mirror: MirrorRow, archive: string, carried: readonly MirrorArchiveRow[]) {
  try {
    const archives = carried.map((row) => row.archive);
    return placesOf(mirror, archive, archives);
  } catch (error) {
    if (error instanceof NetError) return [];
    throw error;
  }
}

/** A stock mirror's trace file may have a name of its own. */
export function namesOf(mirror: MirrorRow): { mirror: string; traceName: string } {
  return { mirror: mirror.name, traceName: stockOf(mirror)?.trace ?? mirror.name };
}

/** Look, once more if nothing answers, and hold it against what is known by then. */
async function judge(
  o: ProberOptions,
  { mirror, optIn, places }: Found,
  memory: LookMemory,
  signal: AbortSignal,
): Promise<{ look: Look; verdict: Verdict }> {
  const of = { vet: o.vet(optIn.archive), mirror, optIn };
  // What it says while it is looked at is not yet to be seen.
  const known = () => readKnown(o.db, { ...of, claimed: optIn.served_serial });
  const target = { ...namesOf(mirror), archive: optIn.archive, places };
  const before: Known = await known();
  const lookNow = () =>
    lookOnce(
      {
        target,
        memory,
        samplesOf: (head) => o.content.samplesOf(target, head),
        isDoubtful: (seen) => isDoubtful(seen, before),
        signal,
      },
      o.lookOptions,
    );
  // Only what is not as it should be may be so because of what was published meanwhile.
  const judged = async (seen: Look) => {
    const first = verdictOf(seen, before);
    return first.state === 'fresh' ? first : verdictOf(seen, await known());
  };
  let look = await lookNow();
  let verdict = await judged(look);
  if (verdict.state === 'unreachable') {
    await delay(o.againAfterMs, undefined, { signal });
    look = await lookNow();
    verdict = await judged(look);
  }
  o.content.note(target, look);
  return { look, verdict };
}
