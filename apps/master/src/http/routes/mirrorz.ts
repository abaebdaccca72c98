import type { FastifyInstance } from 'fastify';
import type { Overview } from '../../monitor/overview.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';

interface MirrorzNeeds {
  cache: PageCache;
  overview: () => Promise<Overview>;
  network: string;
  /** Where the page stands, without a slash at the end. */
  publicUrl: () => string;
}

/**
 * `/mirrorz.json`: this network for the joint page of university mirrors, in the format 1.7 of
 * https://github.com/mirrorz-org/mirrorz ("S" is a success, "Y" a sync under way, "F" a failure, each
 * with its time in seconds). An archive counts as a mirror there; its URL is our redirect.
 */
export function mirrorzRoutes(app: FastifyInstance, needs: MirrorzNeeds, done: () => void): void {
  const { cache, overview, network } = needs;
  app.get('/mirrorz.json', { schema: { hide: true } }, async (request, reply) => {
    const rendered = await cache.get('mirrorz', async () => ({
      type: 'application/json; charset=utf-8',
      text: JSON.stringify(mirrorzOf(await overview(), network, needs.publicUrl())),
    }));
    return sendRendered(request, reply.header('access-control-allow-origin', '*'), rendered);
  });
  done();
}

export function mirrorzOf({ archives }: Overview, network: string, url: string) {
  return {
    version: 1.7,
    site: {
      url,
      abbr: network.toUpperCase(),
      name: `${network} mirror network`,
      homepage: url,
      disable: false,
    },
    info: [],
    mirrors: archives.map(({ name, release, rollout, reporting, current }) => ({
      cname: name,
      desc: `${current} of ${reporting} mirrors are current`,
      url: `/get/${encodeURIComponent(name)}/`,
      help: `/archives/${encodeURIComponent(name)}`,
      upstream: '',
      size: release === null ? '0 B' : `${(release.bytes / 1e9).toFixed(2)} GB`,
      status: statusOf(release?.published_at, rollout?.release.held_at ?? null, current, reporting),
    })),
  };
}

function statusOf(
  published: string | undefined,
  held: string | null,
  current: number,
  reporting: number,
): string {
  const seconds = (time: string) => Math.floor(Date.parse(time) / 1000);
  if (published === undefined) return 'N';
  if (held !== null) return `P${seconds(held)}`;
  return `${current === reporting ? 'S' : 'Y'}${seconds(published)}`;
}
