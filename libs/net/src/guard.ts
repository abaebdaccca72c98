import { isIP } from 'node:net';
import type { Cidr } from '@pushmirror/acl';
import { NetError } from './errors.ts';
import { whyForbidden } from './addresses.ts';
import type { Resolve } from './resolve.ts';

/** An address that was checked, and may be connected to without asking the DNS again. */
export interface CheckedAddress {
  address: string;
  family: 4 | 6;
}

/** Finds out where a stranger's host name leads, and whether the master may go there. */
export interface Guard {
  /**
   * Every address of a host, all of them checked; one that is forbidden refuses the host.
   *
   * @throws NetError `forbidden-address` or `unreachable`
   */
  check(host: string, signal: AbortSignal): Promise<CheckedAddress[]>;
}

/** `allow`: ranges that the administrator has opened though they are not public. */
export function createGuard(o: { resolve: Resolve; allow: readonly Cidr[] }): Guard {
  return {
    async check(host, signal) {
      const found = await o.resolve(host, signal);
      return found.map((address): CheckedAddress => {
        const why = whyForbidden(address, o.allow);
        if (why !== undefined) throw forbidden(host, address, why);
        return { address, family: isIP(address) === 4 ? 4 : 6 };
      });
    },
  };
}

function forbidden(host: string, address: string, why: string): NetError {
  const which = host === address ? host : `${host} (${address})`;
  return new NetError(
    'forbidden-address',
    `${which} cannot be used: the address is ${why}. Give one that the whole internet can reach.`,
  );
}
