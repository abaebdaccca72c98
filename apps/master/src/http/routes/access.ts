import { accessResponse, announcement, LONGEST_ACCESS_WAIT_S } from '@pushmirror/trigger/access';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { announce } from '../../access/announce.ts';
import type { Db } from '../../db/open.ts';
import type { Auth } from '../auth.ts';
import { bearer } from './schemas.ts';

const query = z.object({
  /** The digest of what the agent has. */
  known: z.string().max(100).default(''),
  /** Seconds to wait for something else. */
  wait: z.coerce.number().int().min(0).max(LONGEST_ACCESS_WAIT_S).default(0),
});

/**
 * An agent asks whom it is to let in, and with which accounts it pulls. A hub asks again and again,
 * and is answered the moment that something changes.
 */
export function accessRoutes(
  base: FastifyInstance,
  { access, auth, db, now }: { access: Access; auth: Auth; db: Db; now: () => Date },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/access',
    {
      schema: { security: bearer, querystring: query, response: { 200: accessResponse } },
      onRequest: auth.allow('agent'),
    },
    (request) => {
      const { known, wait } = request.query;
      return access.waitFor(auth.mirror(request), known, wait * 1000);
    },
  );

  app.post(
    '/v1/access/keys',
    {
      schema: {
        security: bearer,
        body: announcement,
        response: { 200: z.object({ held: z.boolean() }) },
      },
      onRequest: auth.allow('agent'),
    },
    async (request) => {
      const answer = await announce(
        db,
        auth.mirror(request),
        request.body,
        auth.caller(request),
        now,
      );
      await access.refresh();
      return answer;
    },
  );
  done();
}
