import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Overview, RolloutOverview } from '../../monitor/overview.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';
import { bytes } from '../page/words.ts';

interface MirrorzNeeds {
  cache: PageCache;
  overview: () => Promise<Overview>;
  network: string;
  /** Where the page stands, without a slash at the end. */
  publicUrl: () => string;
}

/**
 * `/mirrorz.json`: this network for the joint page of university mirrors, in the format 1.7 of
 * https://github.com/mirrorz-org/mirrorz: "S" is a success, "Y" a sync under way, "P" paused, "U" not
 * known, each with its time in seconds; "O" the time of the release that most still have. An archive
 * counts as a mirror there; its URL is our redirect.
 */
export function mirrorzRoutes(base: FastifyInstance, needs: MirrorzNeeds, done: () => void): void {
  const { cache, overview, network } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const schema = {
    description: 'This network in the format of https://mirrorz.org, version 1.7.',
    response: { 200: mirrorzSchema },
  };
  app.get('/mirrorz.json', { schema }, async (request, reply) => {
    const rendered = await cache.get('mirrorz', async () => ({
      type: 'application/json; charset=utf-8',
      text: JSON.stringify(mirrorzOf(await overview(), network, needs.publicUrl())),
    }));
    return sendRendered(request, reply.header('access-control-allow-origin', '*'), rendered);
  });
  done();
}

const mirrorzSchema = z.object({
  version: z.number(),
  site: z.object({
    url: z.string(),
    abbr: z.string(),
    name: z.string(),
    homepage: z.string(),
    disable: z.boolean(),
  }),
  info: z.array(z.never()),
  mirrors: z.array(
    z.object({
      cname: z.string(),
      desc: z.string(),
      url: z.string(),
      status: z.string(),
      help: z.string(),
      upstream: z.string(),
      size: z.string(),
    }),
  ),
});

export function mirrorzOf(
  { archives }: Pick<Overview, 'archives'>,
  network: string,
  url: string,
): z.infer<typeof mirrorzSchema> {
  return {
    version: 1.7,
    site: {
      url: url.replace(/\/+$/, ''),
      abbr: network.toUpperCase(),
      name: `${network} mirror network`,
      homepage: url,
      disable: false,
    },
    info: [],
    mirrors: archives.map(({ name, release, rollout, reporting, current }) => ({
      cname: name,
      desc: `${current} of ${reporting} mirrors are current`,
      url: `/get/${encodeURIComponent(name)}`,
      help: `/archives/${encodeURIComponent(name)}`,
      upstream: '',
      size: release === null ? '' : bytes(release.bytes),
      status: statusOf(release?.published_at, rollout, current === reporting),
    })),
  };
}

function statusOf(
  published: string | undefined,
  rollout: RolloutOverview | null,
  isEverywhere: boolean,
): string {
  const seconds = (time: string) => Math.floor(Date.parse(time) / 1000);
  if (published === undefined) return 'U';
  const last = seconds(published);
  const held = rollout?.release.held_at ?? null;
  if (held !== null) return `P${seconds(held)}O${last}`;
  return isEverywhere ? `S${last}` : `Y${last}`;
}
