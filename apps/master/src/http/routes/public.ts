import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pushErrors, pushHistory } from '../../db/history.ts';
import { findMirror, listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { listMetrics, listSums } from '../../db/probe-sums.ts';
import { listSightErrors, listSightings } from '../../db/sightings.ts';
import { unknownArchive, unknownMirror } from '../../errors.ts';
import { AVAILABILITY_DAYS, DEFINITIONS } from '../../monitor/metrics/definitions.ts';
import type { Overview } from '../../monitor/overview.ts';
import { SIGHT_STATES, SIGHT_WORDS } from '../../monitor/probe/states.ts';
import { STANDING_STATES } from '../../monitor/standing.ts';
import { treeOf } from '../../registry/tree.ts';
import type { PageCache } from '../page/cache.ts';
import { publicMirrorPage, publicMirrorPageSchema } from '../public-mirror.ts';
import { publicMirror, publicMirrorsSchema } from '../public-standing.ts';
import { publicAnswers } from './public-answers.ts';
import { country, name, pageLimit, pageNumber } from './schemas.ts';

export interface PublicNeeds {
  db: Db;
  cache: PageCache;
  now: () => Date;
  overview: () => Promise<Overview>;
}

const filters = {
  archive: name.optional(),
  country: country.optional(),
  state: z.enum(STANDING_STATES).optional().describe('what a mirror says of itself'),
  seen: z.enum(SIGHT_STATES).optional().describe('what the probe finds it to be'),
  tier: z.coerce.number().int().min(1).max(1000).optional(),
};
type Filters = { [K in keyof typeof filters]?: z.infer<(typeof filters)[K]> };

const [HISTORY, ERRORS] = [60, 100];

/** Mirrors as the public pages show them, as data: no token, in pages, with ETag and packed. */
export function publicRoutes(base: FastifyInstance, needs: PublicNeeds, done: () => void): void {
  const { db, cache, overview, now } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const answers = publicAnswers(cache);

  app.get(
    '/v1/public/mirrors',
    {
      schema: {
        description: 'Every mirror with each archive: what it says, and what was seen.',
        querystring: z.object({ ...filters, page: pageNumber, limit: pageLimit }),
        response: { 200: publicMirrorsSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const { page, limit } = request.query;
        const { at, wanted } = choose(await overview(), request.query);
        const shown = wanted.slice((page - 1) * limit, page * limit);
        const mirrors = shown.map((one) => publicMirror(one, at));
        const next = page * limit < wanted.length ? page + 1 : null;
        return { at: at.toISOString(), total: wanted.length, mirrors, next };
      }),
  );

  app.get(
    '/v1/public/mirrors.csv',
    {
      schema: {
        description: 'The same as comma-separated values, all of it.',
        produces: ['text/csv'],
        querystring: z.object(filters),
        response: { 200: z.string() },
      },
    },
    async (request, reply) =>
      answers.csv(request, reply, async () => {
        const { at, wanted } = choose(await overview(), request.query);
        return wanted.map((one) => {
          const { says, seen, ...rest } = publicMirror(one, at);
          const { words: _, ...said } = says;
          return {
            ...rest,
            ...said,
            seenState: seen?.state ?? null,
            seenSerial: seen?.serial ?? null,
            seenAt: seen?.at ?? null,
            seenReason: seen?.reason ?? null,
            seenLagSerials: seen?.lagSerials ?? null,
            seenLagSeconds: seen?.lagSeconds ?? null,
            responseMs: seen?.responseMs ?? null,
            certificateUntil: seen?.certificateUntil ?? null,
          };
        });
      }),
  );

  app.get(
    '/v1/public/mirrors/:mirror',
    {
      schema: {
        description: 'One mirror: evidence, endpoints, figures, 14 days, errors with their counts.',
        params: z.object({ mirror: name }),
        response: { 200: publicMirrorPageSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const { mirror: of } = request.params;
        const mirror = await findMirror(db, of);
        if (mirror === undefined || mirror.state === 'left') {
          throw unknownMirror(of);
        }
        const tree = treeOf(await listMirrors(db));
        const since = new Date(now().getTime() - AVAILABILITY_DAYS * 86_400_000).toISOString();
        const { archives } = await overview();
        const facts = {
          mirror,
          standings: archives.flatMap(({ mirrors }) => mirrors.filter((one) => one.mirror === of)),
          tier: tree.tier(of),
          downstreams: tree.downstreams(of),
          sightings: await listSightings(db, { mirror: of }),
          days: await listSums(db, 'probe_day', { since: since.slice(0, 10), mirror: of }),
          metrics: await listMetrics(db, { mirror: of }),
          sightErrors: await listSightErrors(db, of),
          pushErrors: await pushErrors(db, of, ERRORS),
          history: await pushHistory(db, of, HISTORY),
        };
        return publicMirrorPage(facts, now());
      }),
  );

  app.get(
    '/v1/public/definitions',
    {
      schema: {
        description: 'What the figures mean, and the states that a mirror can be in.',
        response: { 200: definitionsSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, () =>
        Promise.resolve({
          figures: DEFINITIONS,
          states: SIGHT_STATES.map((state) => ({ state, words: SIGHT_WORDS[state] })),
        }),
      ),
  );
  done();
}

const definitionsSchema = z.object({
  figures: z.array(
    z.object({ name: z.string(), title: z.string(), unit: z.string(), means: z.string() }),
  ),
  states: z
    .array(z.object({ state: z.string(), words: z.string() }))
    .describe('what the probe finds, from the best to the worst'),
});

/** @throws MasterError `unknown-archive` */
function choose({ at, archives }: Overview, o: Filters) {
  if (o.archive !== undefined && !archives.some((one) => one.name === o.archive)) {
    throw unknownArchive(o.archive);
  }
  const wanted = archives
    .flatMap(({ mirrors }) => mirrors)
    .filter(
      (one) =>
        (o.archive === undefined || one.archive === o.archive) &&
        (o.country === undefined || one.country === o.country) &&
        (o.state === undefined || one.state === o.state) &&
        (o.seen === undefined || one.sight?.state === o.seen) &&
        (o.tier === undefined || one.tier === o.tier),
    );
  return { at, wanted };
}
