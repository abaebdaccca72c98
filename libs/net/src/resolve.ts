import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { NetError } from './errors.ts';

/** Asks name servers for the addresses of a host; of `::` form for IPv6. */
export type Resolve = (host: string, signal: AbortSignal) => Promise<string[]>;

export interface ResolveOptions {
  /** `192.0.2.1` or `192.0.2.1:53`; those of the system when left out. */
  servers?: readonly string[] | undefined;
  timeoutMs?: number;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** A name with more addresses than this is nobody's mirror. */
const MOST_ADDRESSES = 16;

/**
 * Ask the name servers alone: no hosts file and no search list, which would make of a stranger's
 * `db` a host of ours.
 */
export function createResolve(o: ResolveOptions = {}): Resolve {
  return async (host, signal) => {
    if (isIP(host) !== 0) return [host];
    const resolver = new Resolver({ timeout: o.timeoutMs ?? TIMEOUT_MS, tries: TRIES });
    if (o.servers !== undefined) resolver.setServers(o.servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const found = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      if (found.length === 0) throw noAddress(host);
      if (found.length > MOST_ADDRESSES) {
        throw new NetError('forbidden-address', `${host} has more than 16 addresses.`);
      }
      return found;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

function noAddress(host: string): NetError {
  return new NetError('unreachable', `${host} has no address in the DNS.`);
}
