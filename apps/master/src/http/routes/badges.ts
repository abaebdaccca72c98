import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { unknownArchive, unknownMirror } from '../../errors.ts';
import type { Overview } from '../../monitor/overview.ts';
import { badge } from '../badge.ts';
import type { PageCache } from '../page/cache.ts';
import { rowOf, type Tone } from '../page/row.ts';
import { sendRendered } from '../page/send.ts';
import { name } from './schemas.ts';

interface BadgeNeeds {
  cache: PageCache;
  overview: () => Promise<Overview>;
}

const LEVELS: Record<Overview['health']['level'], [string, Tone]> = {
  good: ['up to date', 'good'],
  moving: ['updating', 'moving'],
  trouble: ['in trouble', 'bad'],
  empty: ['empty', 'quiet'],
};
const SOON = 'public, max-age=60';

/** Badges as SVG: of the network, of an archive, of a mirror. */
export function badgeRoutes(base: FastifyInstance, needs: BadgeNeeds, done: () => void): void {
  const { cache, overview } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const svg = (key: string, make: (known: Overview) => string) =>
    cache.get(`badge ${key}`, async () => ({
      type: 'image/svg+xml',
      text: make(await overview()),
    }));
  const schema = {
    description: 'A small picture for other pages, as SVG.',
    produces: ['image/svg+xml'],
    response: { 200: z.string() },
  };

  app.get('/badge.svg', { schema }, async (request, reply) => {
    const rendered = await svg('network', ({ health }) => {
      const [words, tone] = LEVELS[health.level];
      return badge('mirrors', words, tone);
    });
    return sendRendered(request, reply, rendered, SOON);
  });

  app.get(
    '/archives/:archive/badge.svg',
    { schema: { ...schema, params: z.object({ archive: name }) } },
    async (request, reply) => {
      const { archive } = request.params;
      const rendered = await svg(`archive ${archive}`, ({ archives }) => {
        const one = archives.find((known) => known.name === archive);
        if (one === undefined) throw unknownArchive(archive);
        const whole = one.current === one.reporting;
        return badge(
          archive,
          `${one.current} of ${one.reporting} mirrors`,
          whole ? 'good' : 'moving',
        );
      });
      return sendRendered(request, reply, rendered, SOON);
    },
  );

  app.get(
    '/mirrors/:mirror/badge.svg',
    { schema: { ...schema, params: z.object({ mirror: name }) } },
    async (request, reply) => {
      const { mirror } = request.params;
      const rendered = await svg(`mirror ${mirror}`, ({ archives, at }) => {
        const rows = archives.flatMap(({ mirrors, release }) =>
          mirrors
            .filter((one) => one.mirror === mirror)
            .map((one) => rowOf(one, release?.serial ?? null, at)),
        );
        const [worst] = rows.toSorted((a, b) => SEVERITY[a.tone] - SEVERITY[b.tone]);
        if (worst === undefined) throw unknownMirror(mirror);
        return badge(mirror, worst.words, worst.tone);
      });
      return sendRendered(request, reply, rendered, SOON);
    },
  );
  done();
}

const SEVERITY: Record<Tone, number> = { bad: 0, moving: 1, quiet: 2, good: 3 };
