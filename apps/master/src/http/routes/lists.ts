import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HEAD_PATH } from '@pushmirror/trigger/head/head';
import { findArchive } from '../../db/archives.ts';
import type { Db } from '../../db/open.ts';
import { MasterError, unknownArchive } from '../../errors.ts';
import type { CountryOf } from '../../geo/client-country.ts';
import { countryDistance } from '../../geo/world.ts';
import { nearestFirst, seenFresh, type Offered } from '../../lists/choose.ts';
import { metalink } from '../../lists/metalink.ts';
import { isRepository, readRepomds } from '../../lists/repomd.ts';
import type { MirrorStanding, Overview } from '../../monitor/overview.ts';
import { publicAddress } from '../../monitor/public-address.ts';
import { country, name } from './schemas.ts';

export interface ListNeeds {
  db: Db;
  now: () => Date;
  overview: () => Promise<Overview>;
  countryOf: CountryOf;
}

const query = z.object({
  country: country.optional(),
  /** Of a metalink and a mirrorlist: the folder above repodata/. */
  repo: z
    .string()
    .transform((text) => text.replace(/\/+$/, ''))
    .refine(isRepository, { error: 'expected a folder of the archive such as "stable/x86_64"' })
    .default(''),
});
const params = z.object({ archive: name });
const MOST_LISTED = 50;
/** A client that asks the same again within a minute gets the same. */
const KEPT = 'private, max-age=60';

/** Lists of mirrors for clients: only of those that were seen fresh, the nearest first. */
export function listRoutes(base: FastifyInstance, needs: ListNeeds, done: () => void): void {
  const { db, now, overview, countryOf } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  let turn = 0;
  const choose = createChoice();

  const nearest = async (request: FastifyRequest, archive: string, country: string | undefined) => {
    const { offered, serial } = choose(archive, await overview(), now());
    if (offered.length === 0) {
      throw new MasterError('not-public', `No mirror of ${archive} was seen fresh lately.`);
    }
    turn = (turn + 1) % 1_000_003;
    const from = country ?? countryOf(request.ip);
    const list = nearestFirst(offered, from, countryDistance, turn);
    return { list: list.slice(0, MOST_LISTED), serial };
  };
  const schema = (description: string, produces: string) => ({
    description,
    params,
    querystring: query,
    produces: [produces],
    response: { 200: z.string() },
  });

  app.get(
    '/lists/:archive/plain',
    { schema: schema('Mirrors seen fresh, one URL a line.', 'text/plain') },
    async (request, reply) => {
      const { list } = await nearest(request, request.params.archive, request.query.country);
      reply.header('cache-control', KEPT).type('text/plain; charset=utf-8');
      return list.map(({ url }) => `${url}\n`).join('');
    },
  );

  app.get(
    '/lists/:archive/apt',
    { schema: schema('For "deb mirror+http://..." of apt-transport-mirror(1).', 'text/plain') },
    async (request, reply) => {
      const { list } = await nearest(request, request.params.archive, request.query.country);
      reply.header('cache-control', KEPT).type('text/plain; charset=utf-8');
      return list.map(({ url }, index) => `${url}\tpriority:${index + 1}\n`).join('');
    },
  );

  app.get(
    '/lists/:archive/mirrorlist',
    { schema: schema('For "mirrorlist=" of dnf.conf(5).', 'text/plain') },
    async (request, reply) => {
      const { repo, country } = request.query;
      const { list } = await nearest(request, request.params.archive, country);
      reply.header('cache-control', KEPT).type('text/plain; charset=utf-8');
      const folder = repo === '' ? '' : `${repo}/`;
      return list.map(({ url }) => `${url}${folder}\n`).join('');
    },
  );

  app.get(
    '/lists/:archive/metalink',
    { schema: schema('For "metalink=" of dnf.conf(5).', 'application/metalink+xml') },
    async (request, reply) => {
      const { repo: repository, country } = request.query;
      const { list, serial } = await nearest(request, request.params.archive, country);
      const archive = await findArchive(db, request.params.archive);
      if (archive === undefined) throw unknownArchive(request.params.archive);
      const before = serial - RELEASES_KEPT;
      const [current, ...older] = await readRepomds(db, { archive, repository, serial, before });
      if (current === undefined) {
        const what = `There is no repository "${repository}" in ${archive.name}.`;
        throw new MasterError('unknown-archive', what);
      }
      reply.header('cache-control', KEPT).type('application/metalink+xml; charset=utf-8');
      return metalink([current, ...older], list);
    },
  );

  const redirect = (of: z.ZodType<{ archive: string; '*'?: string | undefined }>) => ({
    schema: {
      description: 'Redirects to a file on the nearest mirror that was seen fresh.',
      params: of,
      querystring: query.pick({ country: true }),
      response: { 302: z.string() },
    },
  });
  const lead = async (
    request: FastifyRequest,
    reply: FastifyReply,
    o: { archive: string; path: string; country: string | undefined },
  ) => {
    const path = safePath(o.path);
    const { list } = await nearest(request, o.archive, o.country);
    const [first] = list as [Offered, ...Offered[]];
    return reply.header('cache-control', 'no-store').redirect(first.url + path, 302);
  };
  app.get('/get/:archive', redirect(params), async (request, reply) => {
    const { archive } = request.params;
    return lead(request, reply, { archive, path: '', country: request.query.country });
  });
  app.get(
    '/get/:archive/*',
    redirect(z.object({ archive: name, '*': z.string().max(2000) })),
    async (request, reply) => {
      const { archive, '*': path = '' } = request.params;
      return lead(request, reply, { archive, path, country: request.query.country });
    },
  );
  done();
}

/** A serial has the day in front of two digits: alternates of about a month. */
const RELEASES_KEPT = 100_00;

interface Choice {
  offered: Offered[];
  serial: number;
}

/** What may be offered is worked out anew only when the network was read anew. */
function createChoice() {
  let last: { of: Overview; archives: Map<string, Choice> } | undefined;
  return (archive: string, known: Overview, at: Date): Choice => {
    if (last?.of !== known) last = { of: known, archives: new Map() };
    const before = last.archives.get(archive);
    if (before !== undefined) return before;
    const one = known.archives.find(({ name: its }) => its === archive);
    if (one === undefined) throw unknownArchive(archive);
    const carried = archivesOf(known);
    const serial = one.release?.serial ?? 0;
    const offered = seenFresh(one.mirrors, serial, (standing) => baseUrl(standing, carried), at);
    const found = { offered, serial };
    last.archives.set(archive, found);
    return found;
  };
}

function archivesOf({ archives }: Overview): Map<string, string[]> {
  const carried = new Map<string, string[]>();
  for (const { mirror, archive } of archives.flatMap(({ mirrors }) => mirrors)) {
    const its = carried.get(mirror);
    if (its === undefined) carried.set(mirror, [archive]);
    else its.push(archive);
  }
  return carried;
}

/** Where the archive lies at a mirror: where its head was seen. */
function baseUrl(standing: MirrorStanding, carried: Map<string, string[]>): string | undefined {
  const { mirror, archive, httpUrl } = standing;
  const address = publicAddress(
    { http_url: httpUrl, rsync_url: null },
    archive,
    carried.get(mirror) ?? [archive],
  );
  return address?.url.slice(0, -HEAD_PATH.length);
}

/** A path as it stands in a URL: no part that leads upwards, nothing that ends it. */
function safePath(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '..' || part === '.' || /\p{Cc}/u.test(part))) {
    throw new MasterError('invalid', 'The path must be one of a file in the archive.');
  }
  return parts
    .map((part) => encodeURIComponent(part).replaceAll('%2B', '+').replaceAll('%7E', '~'))
    .join('/');
}
