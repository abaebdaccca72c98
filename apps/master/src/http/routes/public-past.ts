import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { listNewestSums } from '../../db/probe-sums.ts';
import { listSightChanges } from '../../db/sightings.ts';
import { MasterError } from '../../errors.ts';
import type { Overview } from '../../monitor/overview.ts';
import type { PageCache } from '../page/cache.ts';
import { evidenceSchema } from '../public-mirror.ts';
import { sumJson, sumSchema } from '../public-sums.ts';
import { publicAnswers } from './public-answers.ts';
import { name, pageLimit } from './schemas.ts';

export interface PublicPastNeeds {
  db: Db;
  cache: PageCache;
  overview: () => Promise<Overview>;
}

const sums = z.object({
  archive: name,
  by: z.enum(['day', 'hour']).default('day'),
  before: z.iso.datetime().optional(),
  limit: pageLimit,
});

const changesSchema = z.object({
  changes: z.array(
    z.object({
      sequence: z.number(),
      at: z.string(),
      mirror: z.string(),
      archive: z.string(),
      before: z.string().nullable(),
      state: z.string(),
      serial: z.number().nullable(),
      reason: z.string().nullable(),
      evidence: z.array(evidenceSchema),
    }),
  ),
  next: z.number().nullable().describe('"before" of the next page; null on the last one'),
});

/** What was seen of mirrors in the past: each change with its evidence, hours and days summed up. */
export function publicPastRoutes(
  base: FastifyInstance,
  { db, cache, overview }: PublicPastNeeds,
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const answers = publicAnswers(cache);

  const read = async (mirror: string, o: z.output<typeof sums>) => {
    const { archives } = await overview();
    const its = archives.find(({ name: one }) => one === o.archive);
    if (its === undefined || !its.mirrors.some((one) => one.mirror === mirror)) {
      throw new MasterError('unknown-mirror', 'There is no such mirror of such an archive.');
    }
    const of = { mirror, archive: o.archive, before: o.before, limit: o.limit + 1 };
    const rows = await listNewestSums(db, o.by === 'day' ? 'probe_day' : 'probe_hour', of);
    const shown = rows.slice(0, o.limit);
    return {
      mirror,
      archive: o.archive,
      by: o.by,
      sums: shown.map(sumJson),
      next: rows.length > o.limit ? (shown.at(-1)?.start ?? null) : null,
    };
  };

  app.get(
    '/v1/public/mirrors/:mirror/sums',
    {
      schema: {
        description:
          'Looks at a mirror and archive, summed up by the day or the hour, newest first.',
        params: z.object({ mirror: name }),
        querystring: sums,
        response: {
          200: z.object({
            mirror: z.string(),
            archive: z.string(),
            by: z.enum(['day', 'hour']),
            sums: z.array(sumSchema),
            next: z.string().nullable().describe('"before" of the next page'),
          }),
        },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, () => read(request.params.mirror, request.query)),
  );

  app.get(
    '/v1/public/mirrors/:mirror/sums.csv',
    {
      schema: {
        description: 'The same as comma-separated values.',
        produces: ['text/csv'],
        params: z.object({ mirror: name }),
        querystring: sums,
        response: { 200: z.string() },
      },
    },
    async (request, reply) =>
      answers.csv(
        request,
        reply,
        async () => (await read(request.params.mirror, request.query)).sums,
      ),
  );

  app.get(
    '/v1/public/changes',
    {
      schema: {
        description: 'Each time a mirror was seen to become another state, newest first.',
        querystring: z.object({
          archive: name.optional(),
          mirror: name.optional(),
          before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
          limit: pageLimit.default(50),
        }),
        response: { 200: changesSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const { archive, mirror, before, limit } = request.query;
        const archives = (await overview()).archives.map(({ name: one }) => one);
        const rows = await listSightChanges(db, {
          archives: archives.filter((one) => archive === undefined || one === archive),
          ...(mirror === undefined ? {} : { mirror }),
          ...(before === undefined ? {} : { before }),
          limit: limit + 1,
        });
        const shown = rows.slice(0, limit);
        return {
          changes: shown.map(({ before_state: was, evidence, ...row }) => ({
            ...row,
            before: was,
            evidence: JSON.parse(evidence) as unknown,
          })),
          next: rows.length > limit ? (shown.at(-1)?.sequence ?? null) : null,
        };
      }),
  );
  done();
}
