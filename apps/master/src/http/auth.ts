import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import type { Role, TokenRow } from '../db/schema.ts';
import { findToken } from '../db/tokens.ts';
import { MasterError } from '../errors.ts';
import { matchesToken, tokenId } from '../registry/tokens.ts';
import type { FailureLimit } from './failure-limit.ts';

/** Who sent a request. */
export interface Caller extends Actor {
  role: Role;
  /** The mirror that an agent speaks for. */
  mirror: string | null;
}

/** Compared with where there is no such token, so that unknown and wrong take the same time. */
const NOBODY = { sha256: '0'.repeat(64), revoked_at: null };

/** Bearer tokens: which roles a route takes, and who the caller is. */
export interface Auth {
  /** An onRequest hook, so that nothing of the body is read before. */
  allow(...roles: Role[]): onRequestAsyncHookHandler;
  /** Only behind `allow`. */
  caller(request: FastifyRequest): Caller;
  /** Who sent it, where no token is needed: nobody known for every token that is not in order. */
  peek(request: Pick<FastifyRequest, 'headers' | 'ip'>): Promise<Caller | undefined>;
  /** Behind `allow('agent')`: the mirror that the token is for. */
  mirror(request: FastifyRequest): string;
  /** For routes that know callers by other secrets: refuses an address that tried too many. */
  throttle(request: FastifyRequest): void;
  /** Count a secret that was wrong. */
  failed(request: FastifyRequest): void;
}

/**
 * Absent, malformed, unknown, wrong and revoked tokens all get the same answer; who has a token of
 * another role hears 403, of the route as a whole, before anything is looked up.
 */
export function createAuth(db: Db, failures: FailureLimit): Auth {
  const callers = new WeakMap<FastifyRequest, Caller>();

  const identify = async (request: FastifyRequest): Promise<Caller> => {
    failures.check(request.ip);
    const row = await recognise(db, request.headers.authorization);
    if (row === undefined) {
      failures.count(request.ip);
      throw new MasterError(
        'unauthorised',
        'A valid token is needed: Authorization: Bearer pmt_...',
      );
    }
    return callerOf(row, request);
  };

  const caller = (request: FastifyRequest): Caller => {
    const found = callers.get(request);
    if (found === undefined) throw new Error('This route has no allow() in front of it.');
    return found;
  };

  return {
    allow:
      (...roles) =>
      async (request) => {
        const found = await identify(request);
        if (!roles.includes(found.role)) {
          throw new MasterError(
            'forbidden',
            `A token with the role ${found.role} may not do this.`,
          );
        }
        callers.set(request, found);
      },
    caller,
    async peek(request) {
      const row = await recognise(db, request.headers.authorization);
      return row && callerOf(row, request);
    },
    mirror(request) {
      const { mirror } = caller(request);
      if (mirror === null) throw new MasterError('forbidden', 'This token is not one of a mirror.');
      return mirror;
    },
    throttle: (request) => failures.check(request.ip),
    failed: (request) => failures.count(request.ip),
  };
}

function callerOf(row: TokenRow, { ip: origin }: Pick<FastifyRequest, 'ip'>): Caller {
  const { role, mirror } = row;
  // A mirror has one agent, but several operators: which of them it was is for the audit.
  const name = (role === 'agent' ? mirror : null) ?? `${row.label} (${row.id})`;
  return { name, origin, role, mirror };
}

async function recognise(db: Db, header: string | undefined): Promise<TokenRow | undefined> {
  const token = /^Bearer (\S{1,200})$/i.exec(header ?? '')?.[1];
  const id = token === undefined ? undefined : tokenId(token);
  if (token === undefined || id === undefined) return undefined;
  const row = await findToken(db, id);
  const matches = matchesToken(row ?? NOBODY, token); // Also where there is none: as long, either way.
  return matches ? row : undefined;
}
