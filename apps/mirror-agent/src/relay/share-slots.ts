import { whoMayPull, type Downstream } from '@pushmirror/trigger';
import type { Push } from './relay-file.ts';

/** A push that could go. */
interface Ready {
  push: Push;
  downstream: Downstream;
}

/** A slot is free again after so long, whatever became of its mirror. */
export const SLOT_TIMEOUT_MS = 30 * 60_000;

/** Which of the pushes that could go may go now; `limit`: so many pull from us at once. */
export function shareSlots<R extends Ready>(
  ready: readonly R[],
  all: readonly Push[],
  limit: number | undefined,
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
    timeoutMs: SLOT_TIMEOUT_MS,
    now,
  });
  const byName = new Map(pulls.map((one) => [one.push.mirror, one]));
  const chosen = go.flatMap((mirror) => byName.get(mirror) ?? []);
  const going = new Set(chosen);
  return { go: [...rest, ...chosen], wait: pulls.filter((one) => !going.has(one)) };
}
