import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { Feed } from 'feed';
import { z } from 'zod';
import { findMirror } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { unknownArchive, unknownMirror } from '../../errors.ts';
import { readIncidents, type Incident, type IncidentsOf } from '../../monitor/incidents.ts';
import type { ArchiveOverview, Overview } from '../../monitor/overview.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';
import { plain } from '../page/words.ts';
import { name } from './schemas.ts';

export interface AtomNeeds {
  db: Db;
  cache: PageCache;
  network: string;
  publicUrl: () => string;
  overview: () => Promise<Overview>;
}

const ENTRIES = 50;
const TYPE = 'application/atom+xml; charset=utf-8';

/** Atom feeds of releases and incidents: of the network, of an archive, of a mirror. */
export function atomRoutes(base: FastifyInstance, needs: AtomNeeds, done: () => void): void {
  const { db, cache, network, publicUrl, overview } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const feed = (title: string, path: string, o: { archive?: string; mirror?: string }) =>
    cache.get(`atom ${path}`, async () => {
      const of = incidentsOf((await overview()).archives, o);
      const incidents = await readIncidents(db, of, ENTRIES);
      return { type: TYPE, text: atomOf({ network, title, path, url: publicUrl(), incidents }) };
    });
  const schema = (description: string) => ({
    description,
    produces: ['application/atom+xml'],
    response: { 200: z.string() },
  });

  app.get(
    '/feed.atom',
    { schema: schema('Releases and incidents of the network, as Atom.') },
    async (request, reply) =>
      sendRendered(request, reply, await feed(`${network} mirror network`, '/', {})),
  );
  app.get(
    '/archives/:archive/feed.atom',
    {
      schema: {
        ...schema('Releases and incidents of an archive, as Atom.'),
        params: z.object({ archive: name }),
      },
    },
    async (request, reply) => {
      const { archive } = request.params;
      const path = `/archives/${encodeURIComponent(archive)}`;
      return sendRendered(request, reply, await feed(`${archive}, ${network}`, path, { archive }));
    },
  );
  app.get(
    '/mirrors/:mirror/feed.atom',
    {
      schema: {
        ...schema('Releases that a mirror serves, and its incidents, as Atom.'),
        params: z.object({ mirror: name }),
      },
    },
    async (request, reply) => {
      const { mirror } = request.params;
      const row = await findMirror(db, mirror);
      if (row === undefined || row.state === 'left') {
        throw unknownMirror(mirror);
      }
      const path = `/mirrors/${encodeURIComponent(mirror)}`;
      return sendRendered(request, reply, await feed(`${mirror}, ${network}`, path, { mirror }));
    },
  );
  done();
}

/** @throws MasterError `unknown-archive` */
function incidentsOf(
  all: readonly ArchiveOverview[],
  { archive, mirror }: { archive?: string; mirror?: string },
): IncidentsOf {
  const wanted = archive === undefined ? all : all.filter((one) => one.name === archive);
  if (archive !== undefined && wanted.length === 0) {
    throw unknownArchive(archive);
  }
  const carrying = wanted.flatMap(({ mirrors }) => mirrors.map((one) => one.mirror));
  return { archives: wanted.map((one) => one.name), mirrors: new Set(carrying), mirror };
}

export function atomOf(o: {
  network: string;
  title: string;
  path: string;
  url: string;
  incidents: readonly Incident[];
}): string {
  const feed = new Feed({
    id: `${o.url}${o.path}`,
    link: `${o.url}${o.path}`,
    title: asHtml(plain(o.title)),
    copyright: '',
    generator: 'pushmirror',
    updated: o.incidents[0]?.at ?? new Date(0),
    feedLinks: { atom: `${o.url}${o.path === '/' ? '' : o.path}/feed.atom` },
    author: { name: o.network },
  });
  for (const { id, at, title, text, path } of o.incidents) {
    const link = `${o.url}${path}`;
    feed.addItem({
      id: `${o.url}/#${id}`,
      date: at,
      title: asHtml(plain(title)),
      link,
      description: asHtml(plain(text)),
    });
  }
  return feed.atom1();
}

/** Titles and texts are read as HTML. */
function asHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
