import { MasterError } from '../errors.ts';
import { apiPath, type Client } from './client.ts';
import {
  pictureOf,
  rolloutWithPushes,
  takePush,
  type Picture,
  type PushView,
} from './rollout-picture.ts';
import { isFresh, watch } from './watch.ts';

export interface FollowOptions {
  /** Ends the following: time is up. */
  signal: AbortSignal;
  /** Told after each change; with the push that moved, or without when all was read anew. */
  onChange: (picture: Picture, push?: PushView) => void;
  /** When there is no more to wait for. */
  isDone: (picture: Picture) => boolean;
  /** Told in a sentence when the master went away. */
  onLost: (sentence: string) => void;
}

/**
 * Follow a rollout by the master's events; what came before them, and what may have been missed, is
 * read once. Resolves with how it stood in the end.
 *
 * @throws MasterError `no-answer`, RefusedError.
 */
export async function followRollout(
  client: Pick<Client, 'get' | 'events'>,
  { archive, serial }: { archive: string; serial: number },
  { signal, onChange, isDone, onLost }: FollowOptions,
): Promise<Picture> {
  const query = new URLSearchParams({ archive, serial: String(serial) });
  let picture: Picture | undefined;
  /** Something may have been missed. */
  let stale = true;
  for await (const event of watch(client, `/v1/events?${query.toString()}`, { signal, onLost })) {
    let push: PushView | undefined;
    if (event.type === 'rollout' || isFresh(event)) stale = true;
    if (event.type === 'push' && picture !== undefined) push = takePush(picture, event.data);
    if (stale) {
      const fresh = await read(client, archive, serial, picture !== undefined);
      picture = fresh ?? picture;
      stale = fresh === undefined;
    } else if (push === undefined) {
      continue;
    }
    if (picture === undefined) continue;
    onChange(picture, push);
    if (isDone(picture)) return picture;
  }
  return picture ?? pictureOf(await client.get(pathOf(archive, serial), rolloutWithPushes));
}

/** Undefined when the master went away just now: its events say when it is back. */
async function read(
  client: Pick<Client, 'get'>,
  archive: string,
  serial: number,
  again: boolean,
): Promise<Picture | undefined> {
  try {
    return pictureOf(await client.get(pathOf(archive, serial), rolloutWithPushes));
  } catch (error) {
    if (again && error instanceof MasterError && error.code === 'no-answer') return undefined;
    throw error;
  }
}

function pathOf(archive: string, serial: number): string {
  return apiPath('rollouts', archive, serial);
}
