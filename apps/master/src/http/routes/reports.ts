import { reportsRequest, reportsResponse } from '@pushmirror/trigger';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Db } from '../../db/open.ts';
import type { PushKey } from '../../db/pushes.ts';
import type { PushRow } from '../../db/schema.ts';
import { downstreamsOf } from '../../registry/downstreams.ts';
import { takeReports } from '../../report/take.ts';
import type { Auth } from '../auth.ts';
import { bearer } from './schemas.ts';

export interface ReportNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Told which pushes are done by the mirrors' own word: nothing more need be sent for them. */
  onPushesEnded: (pushes: readonly PushKey[]) => void;
  /** Told which pushes changed. */
  onPushesMoved: (pushes: readonly PushRow[]) => void;
  /** Told of every mirror that speaks to the master. */
  onHeard: (mirror: string) => void;
  /** Milliseconds after which a slot is free again, of which hubs are told. */
  slotTimeoutMs: number;
}

/** 200 reports, each with 20 lines of rsync at their longest. */
const LARGEST_BODY = 12 * 1024 * 1024;

/** What agents say. Each report counts once, however often it arrives. */
export function reportRoutes(base: FastifyInstance, needs: ReportNeeds, done: () => void): void {
  const { db, auth, now } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.post(
    '/v1/reports',
    {
      schema: { security: bearer, body: reportsRequest, response: { 200: reportsResponse } },
      onRequest: auth.allow('agent'),
      bodyLimit: LARGEST_BODY,
    },
    async (request) => {
      const mirror = auth.mirror(request);
      const { reports } = request.body;
      const taken = await takeReports(db, mirror, reports, { origin: request.ip, now });
      needs.onPushesEnded(taken.ended);
      needs.onPushesMoved(taken.moved);
      needs.onHeard(mirror);
      const { digest } = await downstreamsOf(db, mirror, needs.slotTimeoutMs);
      return { acknowledged: taken.acknowledged, downstreams: digest };
    },
  );
  done();
}
