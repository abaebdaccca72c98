import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { listTokens } from '../../db/tokens.ts';
import { createToken, endToken } from '../../registry/manage-tokens.ts';
import type { Auth } from '../auth.ts';
import { bearer, line, name } from './schemas.ts';

const role = z.enum(['admin', 'release-manager', 'operator', 'agent']);
const token = z.object({
  id: z.string(),
  role,
  mirror: z.string().nullable(),
  label: z.string(),
  created_at: z.string(),
  created_by: z.string(),
  revoked_at: z.string().nullable(),
});

/** Tokens of people and programs. A token's secret is shown once, when it is made. */
export function tokenRoutes(
  base: FastifyInstance,
  { db, auth, now }: { db: Db; auth: Auth; now: () => Date },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin');

  app.get(
    '/v1/tokens',
    {
      schema: { security: bearer, response: { 200: z.object({ tokens: z.array(token) }) } },
      onRequest,
    },
    async () => ({ tokens: await listTokens(db) }),
  );

  app.post(
    '/v1/tokens',
    {
      schema: {
        security: bearer,
        body: z.strictObject({ role, label: line, mirror: name.optional() }),
        response: { 201: z.object({ id: z.string(), token: z.string() }) },
      },
      onRequest,
    },
    async (request, reply) =>
      reply.code(201).send(await createToken(db, request.body, auth.caller(request), now)),
  );

  app.delete(
    '/v1/tokens/:id',
    {
      schema: {
        security: bearer,
        params: z.object({ id: z.string().max(64) }),
        response: { 200: z.object({ id: z.string(), revoked: z.boolean() }) },
      },
      onRequest,
    },
    async (request) => {
      const { id } = request.params;
      return { id, revoked: await endToken(db, id, auth.caller(request), now) };
    },
  );
  done();
}
