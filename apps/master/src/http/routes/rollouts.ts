import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findArchive } from '../../db/archives.ts';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import type { ReleaseRow } from '../../db/schema.ts';
import { countPushes, countWaves, pushesOf } from '../../db/pushes.ts';
import { findRelease, listReleases } from '../../db/releases.ts';
import { unknownArchive, unknownRelease } from '../../errors.ts';
import { treeOf } from '../../registry/tree.ts';
import { retryPushes, type Retried } from '../../rollout/retry.ts';
import { tally } from '../../rollout/state.ts';
import type { Conductor } from '../../rollout/conduct.ts';
import type { Auth } from '../auth.ts';
import {
  bearer,
  name,
  pushSchema,
  retriedSchema,
  rolloutSchema,
  serial,
  waveSchema,
} from './schemas.ts';
import { pushView, rolloutView, wavesView } from './views.ts';

export interface RolloutNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Told which pushes are to be sent again, once that is on the disk. */
  onRetried: (retried: Retried) => Promise<void>;
  /** Holds releases and lets them go. */
  conducting: Pick<Conductor, 'halt' | 'resume'>;
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
      if (archive !== undefined && (await findArchive(db, archive)) === undefined) {
        throw unknownArchive(archive);
      }
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
        response: {
          200: rolloutSchema.extend({
            waves: z.array(waveSchema),
            pushes: z.array(pushSchema),
          }),
        },
      },
      onRequest,
    },
    async (request) => {
      const { archive, serial: wanted } = request.params;
      const release = await findRelease(db, archive, wanted);
      if (release === undefined) {
        throw unknownRelease(archive, wanted);
      }
      const pushes = await pushesOf(db, archive, wanted);
      const tree = treeOf(await listMirrors(db));
      const counts = pushes.map(({ state }) => ({ state, count: 1 }));
      const views = pushes.map((push) => pushView(push, tree.tier(push.mirror)));
      views.sort((a, b) => a.tier - b.tier || (a.mirror < b.mirror ? -1 : 1));
      const waves = wavesView(release, await countWaves(db, release));
      return { ...rolloutView(release, tally(counts)), waves, pushes: views };
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
  const params = z.object({ archive: name });
  const managers = auth.allow('admin', 'release-manager');
  const answer = async (release: ReleaseRow) => {
    const counts = await countPushes(db, release);
    return rolloutView(release, tally(counts));
  };

  app.post(
    '/v1/rollouts/:archive/halt',
    {
      schema: {
        description: 'Hold the newest release: no mirror goes on with it until it is let go.',
        security: bearer,
        params,
        body: z.strictObject({ reason: plainAscii.optional() }).default({}),
        response: { 200: rolloutSchema },
      },
      onRequest: managers,
    },
    async (request) => {
      const { archive } = request.params;
      const by = auth.caller(request);
      return answer(await needs.conducting.halt(archive, by, request.body.reason));
    },
  );

  app.post(
    '/v1/rollouts/:archive/resume',
    {
      schema: {
        description: 'Let the release that is held go on; its wave begins its times anew.',
        security: bearer,
        params,
        body: z.strictObject({ skipGate: z.boolean().default(false) }).prefault({}),
        response: { 200: rolloutSchema },
      },
      onRequest: managers,
    },
    async (request) => {
      const { archive } = request.params;
      return answer(await needs.conducting.resume(archive, auth.caller(request), request.body));
    },
  );
  done();
}

/** A hold carries its reason to every mirror, in a text of plain ASCII. */
const plainAscii = z
  .string()
  .max(500)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, { error: 'expected one line of plain ASCII' });
