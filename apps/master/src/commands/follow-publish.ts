import type { z } from 'zod';
import { attemptSchema } from '../http/routes/schemas.ts';
import { MasterError } from '../errors.ts';
import { apiPath, RefusedError, type Client } from './client.ts';
import type { Progress } from './progress.ts';
import { PublishWords } from './publish-words.ts';
import { isFresh, watch } from './watch.ts';

export { attemptSchema };

type Attempt = z.infer<typeof attemptSchema>;
export type Published = NonNullable<Attempt['published']>;

const ASK_EVERY_MS = 2_000;

/** What a `publish` event carries; how it ended is asked for. */
const publishEvent = attemptSchema.omit({ published: true, error: true });

/**
 * Follow a publish that the master has begun, by the master's events, until the release exists.
 *
 * @throws RefusedError with the master's reason when it was not published; MasterError `no-answer`
 * when the master went away meanwhile.
 */
export async function followPublish(
  client: Client,
  begun: Attempt,
  progress: Progress,
): Promise<Published> {
  const { archive, serial } = begun;
  let attempt = begun;
  const query = new URLSearchParams({ archive, serial: String(serial) });
  const ended = new AbortController();
  const words = new PublishWords();
  const onLost = (sentence: string) => progress.line(sentence);
  const path = `/v1/events?${query.toString()}`;
  // Events make it lively; that it ends does not hang on any one of them.
  const asking = setInterval(() => {
    void look(client, archive).then(
      (now) => {
        if (now.serial === serial && now.state === 'running') return;
        attempt = now;
        ended.abort();
      },
      () => {},
    );
  }, ASK_EVERY_MS);
  try {
    for await (const event of watch(client, path, { signal: ended.signal, onLost })) {
      if (ended.signal.aborted) break;
      if (event.type === 'publish') {
        attempt = { ...attempt, ...publishEvent.parse(JSON.parse(event.data)) };
      }
      if (attempt.state !== 'running' || isFresh(event)) attempt = await look(client, archive);
      if (attempt.serial !== serial || attempt.state !== 'running') ended.abort();
      else if (attempt.progress.phase !== 'starting') progress.show(words.tell(attempt));
    }
  } finally {
    clearInterval(asking);
  }
  if (attempt.serial !== serial) throw lost(archive);
  if (attempt.published !== undefined) return attempt.published;
  const { code, message } = attempt.error ?? { code: 'unknown', message: 'It was not published.' };
  throw new RefusedError(500, code, message);
}

async function look(client: Client, archive: string): Promise<Attempt> {
  try {
    return await client.get(apiPath('archives', archive, 'publishing'), attemptSchema);
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) throw lost(archive);
    throw error;
  }
}

function lost(archive: string): MasterError {
  return new MasterError(
    'no-answer',
    `The master was restarted meanwhile. See whether the release exists: mirror-master rollout list ${archive}`,
  );
}
