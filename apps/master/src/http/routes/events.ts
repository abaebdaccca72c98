import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Feed } from '../../monitor/feed.ts';
import type { Auth } from '../auth.ts';
import { createEventStreams, type StreamLimits } from '../event-streams.ts';
import { bearer, name, serial } from './schemas.ts';

export interface EventNeeds {
  auth: Auth;
  feed: Feed;
  hiddenFrom: (request: FastifyRequest) => Promise<ReadonlySet<string>>;
  /** Of tests: shorter ones. */
  streamLimits?: StreamLimits;
}

/** `GET /v1/events`: what happens, as it happens (docs/formats.md, "Events"). */
export function eventRoutes(base: FastifyInstance, needs: EventNeeds, done: () => void): void {
  const { auth, feed, hiddenFrom, streamLimits } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const streams = createEventStreams(feed, streamLimits);
  const withToken = auth.allow('admin', 'release-manager', 'operator');
  app.addHook('preClose', (closed) => {
    streams.close();
    closed();
  });

  app.get(
    '/v1/events',
    {
      exposeHeadRoute: false,
      schema: {
        description:
          'Server-sent events: hello, publish, rollout, push. Without a token: rollouts and the states of pushes.',
        security: [...bearer, {}],
        produces: ['text/event-stream'],
        querystring: z.object({ archive: name.optional(), serial: serial.optional() }),
        response: { 200: z.string() },
      },
      async onRequest(request, reply) {
        if (request.headers.authorization !== undefined) {
          await withToken.call(app, request, reply);
        }
      },
    },
    async (request, reply) => {
      const hidden = await hiddenFrom(request);
      const { authorization, 'last-event-id': lastEventId } = request.headers;
      streams.open(reply.raw, {
        ...request.query,
        headers: reply.getHeaders(),
        open: authorization === undefined,
        hidden,
        address: request.ip,
        lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      });
      reply.hijack();
    },
  );
  done();
}
