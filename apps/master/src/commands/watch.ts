import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { MasterError } from '../errors.ts';
import { RefusedError, type Client } from './client.ts';
import type { ServerEvent } from './event-parser.ts';

export interface WatchOptions {
  /** Ends the watching, without an error. */
  signal: AbortSignal;
  /** Told once, in a sentence, each time the master goes away. */
  onLost: (sentence: string) => void;
  /** Milliseconds for which a master that went away is waited for; 60 s when left out. */
  patienceMs?: number;
}

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const PATIENCE_MS = 60_000;
const helloSchema = z.object({ resumed: z.boolean() });

/**
 * The master's events over as many connections as it takes, each going on where the one before
 * ended. After a `hello` for which `isFresh` holds, events may have been missed.
 *
 * @throws MasterError `no-answer` when there is no master, or it went away and stayed away;
 * RefusedError.
 */
export async function* watch(
  client: Pick<Client, 'events'>,
  path: string,
  { signal, onLost, patienceMs = PATIENCE_MS }: WatchOptions,
): AsyncGenerator<ServerEvent> {
  let lastEventId: string | undefined;
  let lostAt: number | undefined;
  let pauseMs = SHORTEST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      for await (const event of client.events(path, { lastEventId, signal })) {
        lastEventId = event.id;
        lostAt = undefined;
        pauseMs = SHORTEST_PAUSE_MS;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (lastEventId === undefined || (error instanceof RefusedError && error.status < 500)) {
        throw error;
      }
      if (lostAt === undefined) onLost('The master went away; waiting for it to come back.');
      lostAt ??= performance.now();
      if (performance.now() - lostAt > patienceMs) throw stayedAway(patienceMs, error);
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** A stream that begins anew: what was before it must be asked for. */
export function isFresh({ type, data }: ServerEvent): boolean {
  return type === 'hello' && !helloSchema.parse(JSON.parse(data)).resumed;
}

function stayedAway(ms: number, cause: unknown): MasterError {
  return new MasterError(
    'no-answer',
    `The master went away and has not come back for ${Math.round(ms / 1000)} s. What was published is not lost; the pushes go on when it is started: mirror-master serve`,
    { cause },
  );
}
