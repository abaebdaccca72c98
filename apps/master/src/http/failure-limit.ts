import { normalizeIP } from '@fastify/rate-limit';
import { MasterError } from '../errors.ts';

/** Counts wrong tokens by address, so that nobody can try many. */
export interface FailureLimit {
  /** @throws MasterError `too-many-failures` */
  check(address: string): void;
  count(address: string): void;
}

const MOST_FAILURES = 60;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/**
 * At most 60 wrong tokens a minute from one address, or from one /64 of IPv6, which is one host's to
 * choose from. Remembers a bounded number of them.
 */
export function createFailureLimit(now: () => Date): FailureLimit {
  const windows = new Map<string, { since: number; failures: number }>();
  const current = (address: string) => {
    const window = windows.get(address);
    if (window !== undefined && now().getTime() - window.since < WINDOW_MS) return window;
    windows.delete(address);
    return undefined;
  };
  return {
    check(ip) {
      const address = normalizeIP(ip, 64);
      if ((current(address)?.failures ?? 0) < MOST_FAILURES) return;
      throw new MasterError('too-many-failures', 'Too many wrong tokens. Try again in a minute.');
    },
    count(ip) {
      const address = normalizeIP(ip, 64);
      const window = current(address);
      if (window !== undefined) {
        window.failures += 1;
        return;
      }
      if (windows.size >= MOST_ADDRESSES) windows.delete(windows.keys().next().value ?? '');
      windows.set(address, { since: now().getTime(), failures: 1 });
    },
  };
}
