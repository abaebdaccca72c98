import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listAudit } from '../../db/audit.ts';
import type { Db } from '../../db/open.ts';
import type { Auth } from '../auth.ts';
import { AUDIT_PAGE, auditEntrySchema } from './audit-schema.ts';
import { bearer, line } from './schemas.ts';

const query = z.strictObject({
  order: z.enum(['newest', 'oldest']).default('newest'),
  after: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(AUDIT_PAGE).default(100),
  subject: line.optional(),
  action: line.optional(),
});

/** Who did what, for administrators. */
export function auditRoutes(
  base: FastifyInstance,
  { db, auth }: { db: Db; auth: Auth },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/audit',
    {
      schema: {
        security: bearer,
        querystring: query,
        response: { 200: z.object({ entries: z.array(auditEntrySchema) }) },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => ({ entries: await listAudit(db, request.query) }),
  );
  done();
}
