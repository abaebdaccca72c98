import type { PushState } from '@pushmirror/trigger';
import type { Phase } from '../db/schema.ts';
import { goalOf, goalText } from './goal.ts';
import { REST, type Policy } from './policy.ts';
import type { Hearer } from './to-send.ts';

/** A push of the current wave, as far as it decides. */
export interface Member {
  mirror: string;
  state: PushState;
  /** What it is; a stock ftpsync mirror that is pushed in stages stages as an agent does. */
  hearer: Hearer;
  quarantined: 0 | 1;
}

/** A release in rollout. */
export interface RolloutNow {
  policy: Policy;
  /** `policy.switch`, unless the release is urgent. */
  switch: 'as-ready' | 'together';
  phase: Phase;
  phaseAt: Date;
  held: boolean;
  /** From 0; `policy.waves.length` is the last one, the rest. */
  wave: number;
  /** The pushes of this wave. */
  members: readonly Member[];
}

/** What is to happen next. */
export type Step =
  /** Nothing before something moves, or this time. */
  | { do: 'wait'; until?: Date }
  /** The barrier: who has staged commits, these are left behind. */
  | { do: 'open'; leftBehind: string[] }
  /** Enough of the wave have committed: now it is watched. */
  | { do: 'bake' }
  /** It was watched long enough: ask the gate. */
  | { do: 'gate' }
  /** The next wave's turn. */
  | { do: 'advance' }
  /** Nothing is left to decide. */
  | { do: 'end' }
  | { do: 'hold'; reason: string };

const READY: ReadonlySet<PushState> = new Set(['staged', 'committed']);
const FAILED: ReadonlySet<PushState> = new Set(['refused', 'given-up', 'superseded']);
const NAMED_AT_MOST = 5;

/**
 * What the current wave of a release is to do:
 *
 *     as-ready   sending ---------------> baking -> (gate) -> the next wave
 *     together   staging -> committing -> baking -> (gate) -> the next wave
 *
 * The last wave has no gate behind it: as-ready it is done as soon as it is sent, together when
 * every push of it has ended. Quarantined mirrors count for nothing; stock ftpsync mirrors, which
 * commit when the release is public, not for a gate; and those that do not stage not for the barrier.
 */
export function decide(now: RolloutNow, at: Date): Step {
  if (now.held) return { do: 'wait' };
  switch (now.phase) {
    case 'staging':
      return decideBarrier(now, at);
    case 'sending':
      return isLast(now) ? { do: 'end' } : decideCommitted(now, at);
    case 'committing':
      return isLast(now) ? decideEnd(now) : decideCommitted(now, at);
    case 'baking':
      return decideBaked(now, at);
    case 'done':
      return { do: 'wait' };
  }
}

/** The step with which a person goes on where the gate would not, or the barrier waits. */
export function stepWithoutGate(now: RolloutNow): Step {
  if (now.phase === 'staging') return { do: 'open', leftBehind: leftBehindOf(now) };
  return isLast(now) || now.phase === 'done' ? { do: 'wait' } : { do: 'advance' };
}

/** Those that count for a gate. */
export function countedOf<M extends Pick<Member, 'hearer' | 'quarantined'>>(
  members: readonly M[],
): M[] {
  return members.filter(({ hearer, quarantined }) => hearer === 'agent' && quarantined === 0);
}

/** Those for whom the barrier waits. */
export function stagersOf(members: readonly Member[]): Member[] {
  return members.filter(({ hearer, quarantined }) => hearer !== 'stock' && quarantined === 0);
}

/** The name of a wave, as people see it. */
export function waveName(policy: Policy, wave: number): string {
  return policy.waves[wave]?.name ?? REST;
}

export function isLast(now: Pick<RolloutNow, 'policy' | 'wave'>): boolean {
  return now.wave >= now.policy.waves.length;
}

/** Only proven stages count; a mirror that failed holds nobody up. */
function decideBarrier(now: RolloutNow, at: Date): Step {
  const counted = stagersOf(now.members);
  const open = counted.filter(({ state }) => !READY.has(state) && !FAILED.has(state));
  const until = after(now.phaseAt, now.policy.stageDeadlineMs);
  if (open.length > 0 && at < until) return { do: 'wait', until };
  if (counted.length > 0 && !counted.some(({ state }) => READY.has(state))) {
    const reason = `No mirror of the wave ${waveName(now.policy, now.wave)} has staged it: ${named(counted)}.`;
    return { do: 'hold', reason };
  }
  return { do: 'open', leftBehind: leftBehindOf(now) };
}

function leftBehindOf({ members }: RolloutNow): string[] {
  return members
    .filter(({ hearer, state }) => hearer !== 'stock' && !READY.has(state))
    .map(({ mirror }) => mirror);
}

function decideCommitted(now: RolloutNow, at: Date): Step {
  const wave = now.policy.waves[now.wave];
  if (wave === undefined) return { do: 'wait' };
  const counted = countedOf(now.members);
  if (counted.length === 0) {
    const reason = `No mirror of the wave ${wave.name} can try it: all are paused, quarantined or cannot report.`;
    return { do: 'hold', reason };
  }
  const wanted = goalOf(wave.gate.committed, counted.length);
  const committed = counted.filter(({ state }) => state === 'committed').length;
  if (committed >= wanted) return { do: 'bake' };
  const failed = counted.filter(({ state }) => FAILED.has(state));
  if (counted.length - failed.length < wanted) {
    return { do: 'hold', reason: `${named(failed)} of the wave ${wave.name} failed.` };
  }
  const until = after(now.phaseAt, wave.deadlineMs);
  if (at < until) return { do: 'wait', until };
  const missing = counted.filter(({ state }) => state !== 'committed');
  const goal = goalText(wave.gate.committed);
  const reason = `In time only ${committed} of ${counted.length} (${goal} wanted) of the wave ${wave.name} committed; missing: ${named(missing)}.`;
  return { do: 'hold', reason };
}

function decideBaked(now: RolloutNow, at: Date): Step {
  const until = after(now.phaseAt, now.policy.waves[now.wave]?.bakeMs ?? 0);
  return at < until ? { do: 'wait', until } : { do: 'gate' };
}

function decideEnd({ members }: RolloutNow): Step {
  const open = members.some(({ state }) => state !== 'committed' && !FAILED.has(state));
  return open ? { do: 'wait' } : { do: 'end' };
}

function named(members: readonly Member[]): string {
  const names = members.slice(0, NAMED_AT_MOST).map(({ mirror, state }) => `${mirror} (${state})`);
  const more = members.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
