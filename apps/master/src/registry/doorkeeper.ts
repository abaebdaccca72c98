import { parseCidr } from '@pushmirror/acl';
import type { MasterConfig } from '../config.ts';
import type { Db } from '../db/open.ts';
import { createGuardedClient } from '../net/client.ts';
import { createGuard } from '../net/guard.ts';
import { createResolve } from '../net/resolve.ts';
import { prove } from './prove.ts';
import { createRegistrations, type Registrations } from './registrations.ts';

const LOOK_DEADLINE_MS = 25_000;

/** Registrations with eyes: the guarded client and the master's push key look at what is claimed. */
export function createDoorkeeper(o: {
  config: MasterConfig;
  db: Db;
  now: () => Date;
  /** Told when a mirror came, or came back. */
  onMirrorsChanged: () => Promise<void>;
}): Registrations {
  const { config, db, now } = o;
  const { allow_addresses: allow, name_servers: servers, policy } = config.registration;
  const guard = createGuard({ resolve: createResolve({ servers }), allow: allow.map(parseCidr) });
  const client = createGuardedClient({ guard });
  return createRegistrations({
    db,
    now,
    policy,
    prove: (claim) =>
      prove(claim, {
        guard,
        client,
        now,
        pushKey: config.push_key,
        signal: AbortSignal.timeout(LOOK_DEADLINE_MS),
      }),
    onMirrorsChanged: o.onMirrorsChanged,
  });
}
