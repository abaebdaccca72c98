import { within } from '@pushmirror/host';
import { parseCidr } from '@pushmirror/acl';
import pLimit from 'p-limit';
import type { MasterConfig } from '../config.ts';
import type { Db } from '../db/open.ts';
import { createGuard, createGuardedClient, createResolve } from '@pushmirror/net';
import type { Findings } from './findings.ts';
import { prove, type Claim } from './prove.ts';
import { createRegistrations, type Registrations } from './registrations.ts';

const LOOK_DEADLINE_MS = 25_000;
const LOOKS_AT_ONCE = 4;

/** What looks at mirrors from outside, and those who wait to be looked at. */
export interface Doorkeeper {
  registrations: Registrations;
  /** With the guarded client and the master's push key, a few mirrors at once. */
  prove: (claim: Claim) => Promise<Findings>;
}

export function createDoorkeeper(o: {
  config: MasterConfig;
  db: Db;
  now: () => Date;
  /** Told when a mirror came, or came back. */
  onMirrorsChanged: () => Promise<void>;
}): Doorkeeper {
  const { config, db, now } = o;
  const { allow_addresses: allow, name_servers: servers, policy } = config.registration;
  const guard = createGuard({ resolve: createResolve({ servers }), allow: allow.map(parseCidr) });
  const client = createGuardedClient({ guard });
  const looks = pLimit(LOOKS_AT_ONCE);
  const prover = (claim: Claim) =>
    looks(() => {
      const signal = within(LOOK_DEADLINE_MS);
      return prove(claim, { guard, client, now, pushKey: config.push_key, signal });
    });
  const { onMirrorsChanged } = o;
  return {
    prove: prover,
    registrations: createRegistrations({ db, now, policy, prove: prover, onMirrorsChanged }),
  };
}
