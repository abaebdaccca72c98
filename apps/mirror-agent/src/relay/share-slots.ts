import { whoMayPull, type Downstream } from '@pushmirror/trigger';
import type { Push } from './relay-file.ts';

/** A push that could go. */
interface Ready {
  push: Push;
  downstream: Downstream;
}

/** So many pull from us at once; a slot is free again after so long, whatever became of its mirror. */
interface Slots {
  limit: number | undefined;
  timeoutMs: number | undefined;
}

/** Of a master that does not say. */
const USUAL_TIMEOUT_MS = 30 * 60_000;

/** Which of the pushes that could go may go now. */
export function shareSlots<R extends Ready>(
  ready: readonly R[],
  all: readonly Push[],
  { limit, timeoutMs = USUAL_TIMEOUT_MS }: Slots,
  now: Date,
): { go: R[]; wait: R[] } {
  // Who is told to commit has pulled.
  const pulls = ready.filter(({ push }) => push.word !== 'stage2');
  const rest = ready.filter(({ push }) => push.word === 'stage2');
  if (limit === undefined) return { go: [...rest, ...pulls], wait: [] };
  const { go } = whoMayPull({
    waiting: pulls.map(({ push, downstream }) => ({
      mirror: push.mirror,
      priority: downstream.hub === true ? 'hub' : push.attempts > 0 ? 'suspect' : 'healthy',
    })),
    pulling: all.flatMap(({ mirror, slotSince: since }) =>
      since === undefined ? [] : [{ mirror, since }],
    ),
    limit,
    timeoutMs,
    now,
  });
  const byName = new Map(pulls.map((one) => [one.push.mirror, one]));
  const chosen = go.flatMap((mirror) => byName.get(mirror) ?? []);
  const going = new Set(chosen);
  return { go: [...rest, ...chosen], wait: pulls.filter((one) => !going.has(one)) };
}
