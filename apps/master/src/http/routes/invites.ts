import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listInvites } from '../../db/invites.ts';
import type { Db } from '../../db/open.ts';
import { createInvite, revokeInvite } from '../../registry/invites.ts';
import type { Auth } from '../auth.ts';
import { inviteSchema } from './registration-schemas.ts';
import { bearer, line, name } from './schemas.ts';

const LONGEST_MS = 365 * 86_400_000;

/** Invitations, for administrators. The secret of one is shown once, when it is made. */
export function inviteRoutes(
  base: FastifyInstance,
  { db, auth, now }: { db: Db; auth: Auth; now: () => Date },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin');

  app.get(
    '/v1/invites',
    {
      schema: { security: bearer, response: { 200: z.object({ invites: z.array(inviteSchema) }) } },
      onRequest,
    },
    async () => {
      const rows = await listInvites(db);
      const invites = rows.map((row) => ({
        id: row.id,
        label: row.label,
        mirror: row.mirror,
        createdAt: row.created_at,
        createdBy: row.created_by,
        expiresAt: row.expires_at,
        usedAt: row.used_at,
        usedFor: row.used_for,
        revokedAt: row.revoked_at,
      }));
      return { invites };
    },
  );

  app.post(
    '/v1/invites',
    {
      schema: {
        security: bearer,
        body: z.strictObject({
          label: line,
          mirror: name.optional(),
          validMs: z.int().min(60_000).max(LONGEST_MS),
        }),
        response: {
          201: z.object({ id: z.string(), invite: z.string(), expiresAt: z.string() }),
        },
      },
      onRequest,
    },
    async (request, reply) =>
      reply.code(201).send(await createInvite(db, request.body, auth.caller(request), now)),
  );

  app.delete(
    '/v1/invites/:id',
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
      await revokeInvite(db, id, auth.caller(request), now);
      return { id, revoked: true };
    },
  );
  done();
}
