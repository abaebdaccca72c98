import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Overview } from '../../monitor/overview.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';
import { statusSchema } from './schemas.ts';
import { statusView } from './views.ts';

/** What the public page shows, as JSON. */
export function statusRoutes(
  base: FastifyInstance,
  o: { network: string; cache: PageCache; overview: () => Promise<Overview> },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get('/v1/status', { schema: { response: { 200: statusSchema } } }, async (request, reply) => {
    const rendered = await o.cache.get('status', async () => ({
      type: 'application/json; charset=utf-8',
      text: JSON.stringify(statusView(o.network, await o.overview())),
    }));
    return sendRendered(request, reply, rendered);
  });
  done();
}
