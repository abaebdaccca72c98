import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PushKey } from '../../db/pushes.ts';
import type { PullAnswer } from '../../rollout/may-pull.ts';
import type { Auth } from '../auth.ts';
import { bearer, name } from './schemas.ts';

export interface PullNeeds {
  auth: Auth;
  /** May the mirror of this push pull the release now? With `go` it has a slot. */
  mayPull: (key: PushKey) => Promise<PullAnswer>;
  /** Told of every mirror that speaks to the master. */
  onHeard: (mirror: string) => void;
}

/** A mirror whose poll has found news asks before it pulls: its upstream has only so many slots. */
export function pullRoutes(base: FastifyInstance, needs: PullNeeds, done: () => void): void {
  const { auth } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.post(
    '/v1/archives/:archive/pulls',
    {
      schema: {
        description: 'May I pull this release now? `retryAfter` is in seconds.',
        security: bearer,
        params: z.object({ archive: name }),
        body: z.strictObject({ serial: z.int().positive() }),
        response: {
          200: z.union([
            z.object({ go: z.literal(true) }),
            z.object({ go: z.literal(false), retryAfter: z.number(), reason: z.string() }),
          ]),
        },
      },
      onRequest: auth.allow('agent'),
    },
    (request) => {
      const mirror = auth.mirror(request);
      needs.onHeard(mirror);
      const { archive } = request.params;
      return needs.mayPull({ archive, serial: request.body.serial, mirror });
    },
  );
  done();
}
