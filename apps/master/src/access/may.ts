import { decide, type Decision, type Request } from '@pushmirror/acl';
import { MasterError } from '../errors.ts';
import type { Role } from '../db/schema.ts';
import type { Access } from './access.ts';
import { rulesAbout, type Policy } from './policy.ts';

/** Somebody wants something of the master itself. */
export interface Asked {
  action: 'register' | 'publish' | 'read';
  role?: Role | undefined;
  mirror?: string | undefined;
  /** The fingerprint of a key. */
  key?: string | undefined;
  archive?: string | undefined;
  /** The address that the request came from; not known: it counts against the one who asks. */
  from?: string | undefined;
}

/** What the rules say of it. */
export function decideAsked(policy: Policy, asked: Asked, at: Date): Decision {
  const { action, role, mirror, key, archive, from } = asked;
  const who: Request['who'] = {
    network: policy.network,
    roles: role === undefined ? [] : [role],
    ...(mirror === undefined ? {} : { mirror }),
    ...(key === undefined ? {} : { key }),
  };
  const what = archive === undefined ? {} : { archive };
  const request = { who, action, at, ...what, ...(from === undefined ? {} : { from }) };
  return decide(rulesAbout(policy, mirror), request);
}

/**
 * Refuse a publish that a rule denies.
 *
 * @throws MasterError `forbidden`, naming the rule: who publishes is one of the network's own.
 */
export async function mustPublish(access: Access, asked: Omit<Asked, 'action'>, now: () => Date) {
  const { allowed, reason } = decideAsked(
    await access.policy(),
    { ...asked, action: 'publish' },
    now(),
  );
  if (!allowed) throw new MasterError('forbidden', reason);
}

/**
 * Refuse a registration that a rule denies, for any of its archives or keys. The stranger hears no
 * more than that.
 *
 * @throws MasterError `forbidden`
 */
export async function mustRegister(
  access: Access,
  asked: { mirror: string; keys: readonly string[]; archives: readonly string[]; from: string },
  now: () => Date,
): Promise<void> {
  const policy = await access.policy();
  const { mirror, from } = asked;
  const keys = asked.keys.length === 0 ? [undefined] : asked.keys;
  const denied = asked.archives.some((archive) =>
    keys.some((key) => {
      const one = { action: 'register', mirror, key, archive, from } as const;
      return !decideAsked(policy, one, now()).allowed;
    }),
  );
  if (denied) {
    const message = 'The rules of this network do not take this registration. Ask its people.';
    throw new MasterError('forbidden', message);
  }
}

/**
 * The archives that one who asks may not read about. Without `who`: those that not everybody, from
 * wherever, may read about; pages for all leave them out.
 */
export function hiddenArchives(
  policy: Policy,
  at: Date,
  who: Pick<Asked, 'role' | 'mirror' | 'from'> = {},
): Set<string> {
  if (!hasReadRules(policy)) return new Set();
  const names = policy.archives.map(({ name }) => name);
  const hidden = names.filter(
    (archive) => !decideAsked(policy, { ...who, action: 'read', archive }, at).allowed,
  );
  return new Set(hidden);
}

/** Without any, which is usual, everybody reads what the API and the page show to the public. */
export function hasReadRules(policy: Policy): boolean {
  return policy.added.some(({ action }) => action === 'read');
}
