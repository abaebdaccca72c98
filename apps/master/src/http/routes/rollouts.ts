import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { countPushes, pushesOf } from '../../db/pushes.ts';
import { findRelease, listReleases } from '../../db/releases.ts';
import { MasterError } from '../../errors.ts';
import { treeOf } from '../../registry/tree.ts';
import { retryPushes, type Retried } from '../../rollout/retry.ts';
import { tally } from '../../rollout/state.ts';
import type { Auth } from '../auth.ts';
import { bearer, name, pushSchema, retriedSchema, rolloutSchema, serial } from './schemas.ts';
import { pushView, rolloutView } from './views.ts';

export interface RolloutNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Told which pushes are to be sent again, once that is on the disk. */
  onRetried: (retried: Retried) => Promise<void>;
}

/** Rollouts: the releases, how far each has come, and another try for those that are stuck. */
export function rolloutRoutes(base: FastifyInstance, needs: RolloutNeeds, done: () => void): void {
  const { db, auth } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin', 'release-manager', 'operator');

  app.get(
    '/v1/rollouts',
    {
      schema: {
        security: bearer,
        querystring: z.object({
          archive: name.optional(),
          limit: z.coerce.number().int().min(1).max(200).default(20),
        }),
        response: { 200: z.object({ rollouts: z.array(rolloutSchema) }) },
      },
      onRequest,
    },
    async (request) => {
      const { archive, limit } = request.query;
      const releases = await listReleases(db, { archive, limit });
      const serialsFrom = Math.min(...releases.map((release) => release.serial));
      const counts = releases.length === 0 ? [] : await countPushes(db, { archive, serialsFrom });
      const countsOf = (of: { archive: string; serial: number }) =>
        counts.filter((count) => count.archive === of.archive && count.serial === of.serial);
      return {
        rollouts: releases.map((release) => rolloutView(release, tally(countsOf(release)))),
      };
    },
  );

  app.get(
    '/v1/rollouts/:archive/:serial',
    {
      schema: {
        security: bearer,
        params: z.object({ archive: name, serial }),
        response: { 200: rolloutSchema.extend({ pushes: z.array(pushSchema) }) },
      },
      onRequest,
    },
    async (request) => {
      const { archive, serial: wanted } = request.params;
      const release = await findRelease(db, archive, wanted);
      if (release === undefined) {
        throw new MasterError('unknown-release', 'There is no such release of such an archive.');
      }
      const pushes = await pushesOf(db, archive, wanted);
      const tree = treeOf(await listMirrors(db));
      const counts = pushes.map(({ state }) => ({ state, count: 1 }));
      const views = pushes.map((push) => pushView(push, tree.tier(push.mirror)));
      views.sort((a, b) => a.tier - b.tier || (a.mirror < b.mirror ? -1 : 1));
      return { ...rolloutView(release, tally(counts)), pushes: views };
    },
  );

  app.post(
    '/v1/rollouts/:archive/retry',
    {
      schema: {
        description: 'Send the current release again to those refused, given up or not reached.',
        security: bearer,
        params: z.object({ archive: name }),
        body: z.strictObject({ mirror: name.optional() }).default({}),
        response: { 200: retriedSchema },
      },
      onRequest: auth.allow('admin', 'release-manager'),
    },
    async (request) => {
      const of = { ...request.params, ...request.body };
      const retried = await retryPushes(db, of, auth.caller(request), needs.now());
      await needs.onRetried(retried);
      const { archive, serial: current, pushes } = retried;
      return { archive, serial: current, mirrors: pushes.map(({ mirror }) => mirror) };
    },
  );
  done();
}
