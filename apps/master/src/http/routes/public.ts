import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { listReceipts } from '../../db/receipts.ts';
import { findRelease, listReleases } from '../../db/releases.ts';
import { MasterError } from '../../errors.ts';
import type { Overview } from '../../monitor/overview.ts';
import { readPropagation } from '../../monitor/read-propagation.ts';
import { receiptOf } from '../../monitor/receipt.ts';
import { readView } from '../../rollout/view.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';
import {
  publicMirror,
  publicMirrorsSchema,
  publicRelease,
  publicReleasesSchema,
} from '../public-json.ts';
import { csvOf } from '../csv.ts';
import { name, serial } from './schemas.ts';

export interface PublicNeeds {
  db: Db;
  cache: PageCache;
  overview: () => Promise<Overview>;
}

const page = z.coerce.number().int().min(1).max(100_000).default(1);
const limit = z.coerce.number().int().min(1).max(1000).default(200);
const filters = {
  archive: name.optional(),
  country: z.string().length(2).optional(),
  state: z.string().max(40).optional(),
  tier: z.coerce.number().int().min(1).max(1000).optional(),
};

/** What the public pages show, as data: no token, in pages, with ETag and packed. */
export function publicRoutes(base: FastifyInstance, needs: PublicNeeds, done: () => void): void {
  const { db, cache, overview } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const json = (key: string, make: () => Promise<unknown>) =>
    cache.get(`json ${key}`, async () => ({
      type: 'application/json; charset=utf-8',
      text: JSON.stringify(await make()),
    }));
  const standings = async (query: Record<string, unknown>) => {
    const { at, archives } = await overview();
    const wanted = archives
      .flatMap(({ mirrors }) => mirrors)
      .filter(
        (one) =>
          (query.archive === undefined || one.archive === query.archive) &&
          (query.country === undefined || one.country === query.country) &&
          (query.state === undefined || one.state === query.state) &&
          (query.tier === undefined || one.tier === query.tier),
      );
    return { at, wanted };
  };

  app.get(
    '/v1/public/mirrors',
    {
      schema: {
        description: 'Every mirror with each archive: what it says, and what was seen.',
        querystring: z.object({ ...filters, page, limit }),
        response: { 200: publicMirrorsSchema },
      },
    },
    async (request, reply) => {
      const { page: number, limit: size, ...query } = request.query;
      const rendered = await json(`mirrors ${JSON.stringify(request.query)}`, async () => {
        const { at, wanted } = await standings(query);
        const mirrors = wanted.slice((number - 1) * size, number * size).map(publicMirror);
        const next = number * size < wanted.length ? number + 1 : null;
        return { at: at.toISOString(), total: wanted.length, mirrors, next };
      });
      return sendRendered(request, reply, rendered);
    },
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
    async (request, reply) => {
      const rendered = await cache.get(`csv ${JSON.stringify(request.query)}`, async () => {
        const { wanted } = await standings(request.query);
        const rows = wanted.map((one) => {
          const { says, seen, ...rest } = publicMirror(one);
          return {
            ...rest,
            state: says.state,
            serial: says.serial,
            lagSerials: says.lagSerials,
            lagSeconds: says.lagSeconds,
            reason: says.reason,
            at: says.at,
            seenState: seen?.state ?? null,
            seenSerial: seen?.serial ?? null,
            seenAt: seen?.at ?? null,
            seenReason: seen?.reason ?? null,
          };
        });
        return { type: 'text/csv; charset=utf-8; header=present', text: csvOf(rows) };
      });
      return sendRendered(request, reply, rendered);
    },
  );

  app.get(
    '/v1/public/archives/:archive/releases',
    {
      schema: {
        description: 'Releases, newest first, with how fast each got around.',
        params: z.object({ archive: name }),
        querystring: z.object({ before: serial.optional(), limit: limit.default(50) }),
        response: { 200: publicReleasesSchema },
      },
    },
    async (request, reply) => {
      const { archive } = request.params;
      const { before, limit: size } = request.query;
      const rendered = await json(`releases ${archive} ${before} ${size}`, async () => {
        const rows = await listReleases(db, { archive, limit: size + 1, before });
        const shown = rows.slice(0, size);
        const known = await readPropagation(db, archive, shown);
        return {
          releases: shown.map((row) => publicRelease(row, known.get(row.serial) ?? null)),
          next: rows.length > size ? (shown.at(-1)?.serial ?? null) : null,
        };
      });
      return sendRendered(request, reply, rendered);
    },
  );

  app.get(
    '/v1/public/archives/:archive/releases/:serial/mirrors',
    {
      schema: {
        description: 'What each mirror did with a release, and when; without who sent it.',
        params: z.object({ archive: name, serial }),
        querystring: z.object({ after: z.string().max(255).default(''), limit }),
        response: {
          200: z.object({
            archive: z.string(),
            serial: z.number(),
            mirrors: z.array(z.record(z.string(), z.unknown())),
            next: z.string().nullable(),
          }),
        },
      },
    },
    async (request, reply) => {
      const { archive, serial: of } = request.params;
      const { after, limit: size } = request.query;
      const rendered = await json(`receipts ${archive} ${of} ${after} ${size}`, async () => {
        if ((await findRelease(db, archive, of)) === undefined) {
          throw new MasterError('unknown-release', 'There is no such release of such an archive.');
        }
        const { tree } = await readView(db);
        const rows = await listReceipts(db, { archive, serial: of, after, limit: size + 1 });
        const shown = rows.slice(0, size);
        return {
          archive,
          serial: of,
          mirrors: shown.map((row) => {
            const { sender: _, ...receipt } = receiptOf(row, of, tree.tier(row.mirror));
            return receipt;
          }),
          next: rows.length > size ? (shown.at(-1)?.mirror ?? null) : null,
        };
      });
      return sendRendered(request, reply, rendered);
    },
  );
  done();
}
