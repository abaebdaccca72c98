import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { Feed } from 'feed';
import { z } from 'zod';
import { findArchive } from '../../db/archives.ts';
import { findMirror } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { MasterError } from '../../errors.ts';
import { readIncidents, type Incident } from '../../monitor/incidents.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';
import { plain } from '../page/words.ts';
import { name } from './schemas.ts';

export interface AtomNeeds {
  db: Db;
  cache: PageCache;
  network: string;
  publicUrl: () => string;
}

const ENTRIES = 50;
const TYPE = 'application/atom+xml; charset=utf-8';
const schema = { produces: ['application/atom+xml'], response: { 200: z.string() } };

/** Atom feeds of releases and incidents: of the network, of an archive, of a mirror. */
export function atomRoutes(base: FastifyInstance, needs: AtomNeeds, done: () => void): void {
  const { db, cache, network, publicUrl } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const feed = (title: string, path: string, of: { archive?: string; mirror?: string }) =>
    cache.get(`atom ${path}`, async () => {
      const incidents = await readIncidents(db, of, ENTRIES);
      return { type: TYPE, text: atomOf({ network, title, path, url: publicUrl(), incidents }) };
    });

  app.get('/feed.atom', { schema }, async (request, reply) =>
    sendRendered(request, reply, await feed(`${network} mirror network`, '/', {})),
  );
  app.get(
    '/archives/:archive/feed.atom',
    { schema: { ...schema, params: z.object({ archive: name }) } },
    async (request, reply) => {
      const { archive } = request.params;
      if ((await findArchive(db, archive)) === undefined) {
        throw new MasterError('unknown-archive', 'There is no such archive.');
      }
      const path = `/archives/${encodeURIComponent(archive)}`;
      return sendRendered(request, reply, await feed(`${archive}, ${network}`, path, { archive }));
    },
  );
  app.get(
    '/mirrors/:mirror/feed.atom',
    { schema: { ...schema, params: z.object({ mirror: name }) } },
    async (request, reply) => {
      const { mirror } = request.params;
      if ((await findMirror(db, mirror)) === undefined) {
        throw new MasterError('unknown-mirror', 'There is no such mirror.');
      }
      const path = `/mirrors/${encodeURIComponent(mirror)}`;
      return sendRendered(request, reply, await feed(`${mirror}, ${network}`, path, { mirror }));
    },
  );
  done();
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
    title: plain(o.title),
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
      title: plain(title),
      link,
      description: plain(text),
    });
  }
  return feed.atom1();
}
