import type { FastifyInstance } from 'fastify';
import type { Db } from '../../db/open.ts';
import { readOverview } from '../../monitor/overview.ts';
import { pageModel } from '../page/model.ts';
import { ICON, STYLE } from '../page/style.ts';
import { renderPage } from '../page/template.ts';

export interface PageNeeds {
  db: Db;
  network: string;
  now: () => Date;
}

/** `/`: the public page. */
export function pageRoutes(
  app: FastifyInstance,
  { db, network, now }: PageNeeds,
  done: () => void,
): void {
  app.get('/', { schema: { hide: true } }, async (_, reply) => {
    const html = renderPage(pageModel(network, await readOverview(db, now())));
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(html);
  });
  app.get('/style.css', { schema: { hide: true } }, (_, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'max-age=300').send(STYLE),
  );
  app.get('/icon.svg', { schema: { hide: true } }, (_, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'max-age=86400').send(ICON),
  );
  done();
}
