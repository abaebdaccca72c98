import type { Guard, GuardedClient } from '@pushmirror/net';
import { readByRsync, type Wanted } from '@pushmirror/probe';
import { MasterError } from '../errors.ts';
import type { PublicAddress } from './public-address.ts';

/** Fetches what stands at a public address, whoever named it. */
export interface HeadReader {
  /** @throws MasterError or NetError with a sentence that says why nothing was got. */
  read(address: PublicAddress, signal: AbortSignal): Promise<Buffer>;
}

/** `client` must take no more than `maxBytes`, and 10 s. */
export function createHeadReader(
  o: { client: GuardedClient; guard: Guard },
  wanted: Wanted,
): HeadReader {
  return {
    read: (address, signal) =>
      address.by === 'http'
        ? byHttp(o.client, address.url, wanted, signal)
        : readByRsync(o.guard, address.url, wanted, signal),
  };
}

async function byHttp(
  client: GuardedClient,
  url: string,
  { noun }: Wanted,
  signal: AbortSignal,
): Promise<Buffer> {
  const { status, body } = await client.get(url, { signal });
  if (status === 200) return body;
  throw new MasterError('bad-answer', `${new URL(url).host} answers ${status} for the ${noun}.`);
}
