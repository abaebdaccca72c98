import type { WatchRow } from '../db/notice-schema.ts';
import type { SightChangeRow, SightingRow } from '../db/sight-schema.ts';
import { ACCUSATIONS, type SightState } from '../monitor/probe/states.ts';

/**
 * What a sight means to whom it concerns. `behind` is part of a normal life, until it lasts; `wrong`
 * is what a mirror may be quarantined for, and what contradicts its own word.
 */
export type SightClass = 'well' | 'behind' | 'stale' | 'failing' | 'wrong';

type Sight = Pick<SightingRow, 'at' | 'state' | 'lacks_since'>;

/** What is to be made of a sight that is another than it was last taken to be. */
export type Decision =
  | { do: 'wait' }
  /** It is left in peace: what it is counts from now on. */
  | { do: 'rest' }
  | { do: 'settle'; as: SightClass; tell: 'trouble' | 'return' | 'nothing'; unsteady: boolean };

export interface SettleOptions {
  /** So long a state must last, and be seen again, before anybody hears of it. */
  settleMs: number;
  /** So long a release may be lacking. */
  staleAfterMs: number;
}

/** A mirror that got into trouble so often within a day is told of, though it never lasts. */
const UNSTEADY_TURNS = 6;
const DAY_MS = 86_400_000;

/** A change of what is seen, taken into what is watched. */
export function fold(
  before: WatchRow | undefined,
  change: Pick<SightChangeRow, 'mirror' | 'archive' | 'at' | 'state' | 'serial'>,
): WatchRow {
  const { mirror, archive, at } = change;
  const row = before ?? { ...NEW, mirror, archive, since: at };
  const shown = row.shown === 1 || change.serial !== null ? 1 : 0;
  const now = classOf(change.state, shown === 1);
  if (now === undefined || now === row.class) return { ...row, shown };
  return { ...row, shown, class: now, since: at, ...turnsAfter(row, now, at) };
}

/** Whether the time has come to say what a mirror is. */
export function decide(
  row: Pick<WatchRow, 'class' | 'settled' | 'since' | 'turns' | 'turns_since'>,
  sight: Sight,
  mirror: { silent: boolean; accused: boolean },
  o: SettleOptions & { now: Date },
): Decision {
  if (mirror.silent) return { do: 'rest' };
  const [now, settled] = [row.class as SightClass, row.settled as SightClass];
  const since = Date.parse(row.since);
  const lasts = o.now.getTime() - since >= o.settleMs && Date.parse(sight.at) > since;
  switch (now) {
    case 'well':
      return lasts ? { do: 'settle', as: 'well', tell: 'return', unsteady: false } : WAIT;
    case 'behind':
      return decideBehind(settled, since, sight, lasts, o);
    case 'stale':
    case 'failing':
    case 'wrong': {
      const unsteady = !lasts && settled === 'well' && isUnsteady(row, o.now);
      if (!lasts && !unsteady) return WAIT;
      const known = now === 'stale' && settled === 'behind';
      const told = known || (now === 'wrong' && mirror.accused);
      return { do: 'settle', as: now, tell: told ? 'nothing' : 'trouble', unsteady };
    }
  }
}

/** The class of a state; undefined where it says nothing new. */
function classOf(state: SightState, shown: boolean): SightClass | undefined {
  if (state === 'fresh') return 'well';
  if (state === 'updating') return undefined;
  if (state === 'behind') return 'behind';
  if (state === 'frozen') return 'stale';
  if (ACCUSATIONS.has(state) || state === 'contradicting') return 'wrong';
  // Before its first sync a mirror has nothing to show.
  return state === 'empty' && !shown ? undefined : 'failing';
}

const WAIT: Decision = { do: 'wait' };

const NEW: Omit<WatchRow, 'mirror' | 'archive' | 'since'> = {
  topic: 'sight',
  class: 'well',
  settled: 'well',
  incident: null,
  shown: 0,
  turns: 0,
  turns_since: null,
};

/** Stale when it lasts too long; what was in trouble and is only behind now has come back. */
function decideBehind(
  settled: SightClass,
  since: number,
  sight: Sight,
  lasts: boolean,
  o: SettleOptions,
): Decision {
  const lacks = sight.state === 'behind' ? Date.parse(sight.lacks_since ?? '') : Number.NaN;
  const overdueAt = Math.max(lacks, since) + o.staleAfterMs;
  if (Date.parse(sight.at) >= overdueAt) {
    const tell = settled === 'stale' ? 'nothing' : 'trouble';
    return { do: 'settle', as: 'behind', tell, unsteady: false };
  }
  if (settled === 'well' || !lasts) return WAIT;
  return { do: 'settle', as: 'well', tell: 'return', unsteady: false };
}

function turnsAfter(row: WatchRow, now: SightClass, at: string) {
  const begins = isTrouble(now) && !isTrouble(row.class);
  if (!begins) return {};
  const old = row.turns_since === null || Date.parse(at) - Date.parse(row.turns_since) > DAY_MS;
  return old ? { turns: 1, turns_since: at } : { turns: row.turns + 1 };
}

function isTrouble(of: string): boolean {
  return of === 'stale' || of === 'failing' || of === 'wrong';
}

function isUnsteady(row: Pick<WatchRow, 'turns' | 'turns_since'>, now: Date): boolean {
  if (row.turns < UNSTEADY_TURNS || row.turns_since === null) return false;
  return now.getTime() - Date.parse(row.turns_since) <= DAY_MS;
}
