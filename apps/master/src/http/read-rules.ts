import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify';
import type { Access } from '../access/access.ts';
import { decideAsked, hasReadRules, hiddenArchives } from '../access/may.ts';
import { HIDDEN, MasterError } from '../errors.ts';
import type { Auth } from './auth.ts';

/** Those who look after the network, and mirrors at their work, are not asked. */
const FREE = new Set(['admin', 'agent']);

/**
 * Rules about `read`: who may look at what the API and the page show. What is denied looks as if it
 * were not there.
 */
export function readRules(access: Access, auth: Auth, now: () => Date): preHandlerAsyncHookHandler {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return;
    if (/^\/(healthz|readyz)$/.test(request.routeOptions.url ?? '')) return;
    const policy = await access.policy();
    if (!hasReadRules(policy)) return;
    const caller = await auth.peek(request);
    if (caller !== undefined && FREE.has(caller.role)) return;
    const named = archiveIn(request);
    const { role, mirror } = caller ?? {};
    const asked = { action: 'read', role, mirror: mirror ?? undefined } as const;
    const about = { ...asked, archive: named?.archive, from: request.ip };
    if (decideAsked(policy, about, now()).allowed) return;
    if (named === undefined) throw new MasterError('forbidden', 'There is nothing here for you.');
    named.archive = HIDDEN + named.archive; // Each route answers as for one that is not there.
  };
}

/** The archives that the caller may not hear of, for answers that speak of many. */
export function hiddenFromCallers(access: Access, auth: Auth, now: () => Date) {
  return async (request: FastifyRequest): Promise<ReadonlySet<string>> => {
    const policy = await access.policy();
    if (!hasReadRules(policy)) return new Set();
    const caller = await auth.peek(request);
    if (caller !== undefined && FREE.has(caller.role)) return new Set();
    const { role, mirror } = caller ?? {};
    return hiddenArchives(policy, now(), { role, mirror: mirror ?? undefined, from: request.ip });
  };
}

/** Where the request names its archive. */
function archiveIn({ params, query }: FastifyRequest): { archive: string } | undefined {
  return [params, query].find(
    (where): where is { archive: string } =>
      typeof (where as { archive?: unknown } | undefined)?.archive === 'string',
  );
}
