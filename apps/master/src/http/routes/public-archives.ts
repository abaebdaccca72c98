import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findArchive } from '../../db/archives.ts';
import type { Db } from '../../db/open.ts';
import { listPropagation } from '../../db/probe-sums.ts';
import { countWaves } from '../../db/pushes.ts';
import { listReceipts } from '../../db/receipts.ts';
import { findRelease, listReleases } from '../../db/releases.ts';
import type { ReleaseRow } from '../../db/schema.ts';
import { unknownArchive, unknownRelease } from '../../errors.ts';
import type { Overview } from '../../monitor/overview.ts';
import { readPropagation } from '../../monitor/read-propagation.ts';
import { receiptOf } from '../../monitor/receipt.ts';
import { readView } from '../../rollout/view.ts';
import type { PageCache } from '../page/cache.ts';
import {
  publicArchive,
  publicArchivesSchema,
  publicReceiptsSchema,
  publicRelease,
  publicReleasePage,
  publicReleasePageSchema,
  publicReleasesSchema,
} from '../public-archive.ts';
import { publicAnswers } from './public-answers.ts';
import { name, pageLimit, pageNumber, serial } from './schemas.ts';

export interface PublicArchiveNeeds {
  db: Db;
  cache: PageCache;
  overview: () => Promise<Overview>;
}

/** Tiers, twice. */
const MOST_SPREAD = 64;

/** Archives, their releases, and what mirrors did with each: what the pages show, as data. */
export function publicArchiveRoutes(
  base: FastifyInstance,
  { db, cache, overview }: PublicArchiveNeeds,
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const answers = publicAnswers(cache);
  const ofRelease = z.object({ archive: name, serial });
  const listed = z.object({ before: serial.optional(), limit: pageLimit.default(50) });

  app.get(
    '/v1/public/archives',
    {
      schema: {
        description: 'How the network is, and each archive: its release and how far that is.',
        querystring: z.object({ page: pageNumber, limit: pageLimit }),
        response: { 200: publicArchivesSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const { page, limit } = request.query;
        const { at, health, archives } = await overview();
        const shown = archives.slice((page - 1) * limit, page * limit);
        const next = page * limit < archives.length ? page + 1 : null;
        const total = archives.length;
        return { at: at.toISOString(), health, total, archives: shown.map(publicArchive), next };
      }),
  );

  const releases = async (archive: string, o: { before?: number | undefined; limit: number }) => {
    if ((await findArchive(db, archive)) === undefined) {
      throw unknownArchive(archive);
    }
    const rows = await listReleases(db, { archive, limit: o.limit + 1, before: o.before });
    const shown = rows.slice(0, o.limit);
    const known = await readPropagation(db, archive, shown);
    return {
      releases: shown.map((row) => publicRelease(row, known.get(row.serial) ?? null)),
      next: rows.length > o.limit ? (shown.at(-1)?.serial ?? null) : null,
    };
  };

  app.get(
    '/v1/public/archives/:archive/releases',
    {
      schema: {
        description: 'Releases, newest first, with how fast each got around.',
        params: z.object({ archive: name }),
        querystring: listed,
        response: { 200: publicReleasesSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, () => releases(request.params.archive, request.query)),
  );

  app.get(
    '/v1/public/archives/:archive/releases.csv',
    {
      schema: {
        description: 'The same as comma-separated values.',
        produces: ['text/csv'],
        params: z.object({ archive: name }),
        querystring: listed,
        response: { 200: z.string() },
      },
    },
    async (request, reply) =>
      answers.csv(request, reply, async () => {
        const found = await releases(request.params.archive, request.query);
        return found.releases.map(({ propagation, ...row }) => ({
          ...row,
          mirrors: propagation?.mirrors ?? null,
          committed: propagation?.committed ?? null,
          p50: propagation?.p50 ?? null,
          p90: propagation?.p90 ?? null,
          p95: propagation?.p95 ?? null,
          p100: propagation?.p100 ?? null,
        }));
      }),
  );

  app.get(
    '/v1/public/archives/:archive/releases/:serial',
    {
      schema: {
        description: 'A release: its waves, and how it spread by tier, as reported and as seen.',
        params: ofRelease,
        response: { 200: publicReleasePageSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const row = await mustFind(db, request.params);
        const { archive, serial: of } = request.params;
        const known = await readPropagation(db, archive, [row]);
        const spread = await listPropagation(db, { archive, serial: of, limit: MOST_SPREAD });
        const counts = await countWaves(db, row);
        return publicReleasePage({ row, propagation: known.get(of) ?? null, spread, counts });
      }),
  );

  app.get(
    '/v1/public/archives/:archive/releases/:serial/mirrors',
    {
      schema: {
        description: 'What each mirror did with a release, and when; without who sent it.',
        params: ofRelease,
        querystring: z.object({ after: z.string().max(255).default(''), limit: pageLimit }),
        response: { 200: publicReceiptsSchema },
      },
    },
    async (request, reply) =>
      answers.json(request, reply, async () => {
        const { archive, serial: of } = request.params;
        const { after, limit } = request.query;
        await mustFind(db, request.params);
        const { tree } = await readView(db);
        const rows = await listReceipts(db, { archive, serial: of, after, limit: limit + 1 });
        const shown = rows.slice(0, limit);
        return {
          archive,
          serial: of,
          mirrors: shown.map((row) => {
            const { sender: _, ...receipt } = receiptOf(row, of, tree.tier(row.mirror));
            return receipt;
          }),
          next: rows.length > limit ? (shown.at(-1)?.mirror ?? null) : null,
        };
      }),
  );
  done();
}

async function mustFind(db: Db, of: { archive: string; serial: number }): Promise<ReleaseRow> {
  const row = await findRelease(db, of.archive, of.serial);
  if (row !== undefined) return row;
  throw unknownRelease(of.archive, of.serial);
}
