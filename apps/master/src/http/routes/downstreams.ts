import { downstreamsResponse } from '@pushmirror/trigger';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Db } from '../../db/open.ts';
import { downstreamsOf } from '../../registry/downstreams.ts';
import type { Auth } from '../auth.ts';
import { bearer } from './schemas.ts';

export interface DownstreamNeeds {
  db: Db;
  auth: Auth;
  onHeard: (mirror: string) => void;
  /** Milliseconds after which a slot is free again. */
  slotTimeoutMs: number;
}

/** A hub asks whom it is to push. It keeps the answer for when the master is away. */
export function downstreamRoutes(
  base: FastifyInstance,
  { db, auth, onHeard, slotTimeoutMs }: DownstreamNeeds,
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/downstreams',
    {
      schema: { security: bearer, response: { 200: downstreamsResponse } },
      onRequest: auth.allow('agent'),
    },
    (request) => {
      const hub = auth.mirror(request);
      onHeard(hub);
      return downstreamsOf(db, hub, slotTimeoutMs);
    },
  );
  done();
}
