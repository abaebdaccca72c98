import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Db } from '../../db/open.ts';
import { readOverview } from '../../monitor/overview.ts';
import { statusSchema } from './schemas.ts';
import { statusView } from './views.ts';

/** What the public page shows, as JSON. */
export function statusRoutes(
  base: FastifyInstance,
  { db, network, now }: { db: Db; network: string; now: () => Date },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get('/v1/status', { schema: { response: { 200: statusSchema } } }, async () =>
    statusView(network, await readOverview(db, now())),
  );
  done();
}
