import type { SightingRow } from '../../db/sight-schema.ts';
import { ACCUSATIONS, hasAnswered, SIGHT_STATES } from './states.ts';

type Sight = Pick<SightingRow, 'archive' | 'vantage' | 'state' | 'at' | 'since' | 'reason'>;

/** What is to be done with a mirror for what it shows. */
export type QuarantineStep =
  | { do: 'nothing' }
  | { do: 'begin'; reason: string }
  /** Half open: it was good once more, or bad again (0). */
  | { do: 'note'; good: number }
  | { do: 'end' };

/** So many good looks in a row let it out. */
const GOOD_LOOKS = 3;

/**
 * Whether a mirror is to be taken out of service for what it shows, or let in again. It takes more
 * than half of the vantage points that look these days, whether they have come to this mirror yet or
 * not; where there is only one, it must have seen it twice.
 *
 * @param sights the newest look of each vantage point at each archive of the mirror
 * @param o.recentMs older looks do not count
 * @param o.vantages the names of those that have looked at anything lately
 */
export function judgeQuarantine(
  mirror: { isQuarantined: boolean; by: 'unreached' | 'seen' | null; good: number },
  sights: readonly Sight[],
  o: { recentMs: number; vantages: readonly string[]; now: Date },
): QuarantineStep {
  const { recentMs, now } = o;
  const recent = sights.filter(({ at }) => now.getTime() - new Date(at).getTime() <= recentMs);
  if (!mirror.isQuarantined) {
    const reason = whyBegin(recent, o.vantages);
    return reason === undefined ? { do: 'nothing' } : { do: 'begin', reason };
  }
  if (mirror.by !== 'seen') return { do: 'nothing' };
  if (recent.some(({ state }) => ACCUSATIONS.has(state))) {
    return mirror.good === 0 ? { do: 'nothing' } : { do: 'note', good: 0 };
  }
  if (!recent.some(({ state }) => hasAnswered(state))) return { do: 'nothing' };
  const good = mirror.good + 1;
  return good >= GOOD_LOOKS ? { do: 'end' } : { do: 'note', good };
}

function whyBegin(recent: readonly Sight[], vantages: readonly string[]): string | undefined {
  for (const archive of new Set(recent.map((one) => one.archive))) {
    const views = recent.filter((one) => one.archive === archive);
    const accusing = views
      .filter(({ state }) => ACCUSATIONS.has(state))
      .toSorted((a, b) => SIGHT_STATES.indexOf(b.state) - SIGHT_STATES.indexOf(a.state));
    const [worst] = accusing;
    const count = new Set([...views.map(({ vantage }) => vantage), ...vantages]).size;
    if (worst === undefined || accusing.length <= count / 2) continue;
    if (count === 1 && worst.since === worst.at) continue;
    const by = count === 1 ? '' : ` (${accusing.length} of ${count} saw it)`;
    return `Of ${archive}: ${worst.reason ?? worst.state}${by}`;
  }
  return undefined;
}
