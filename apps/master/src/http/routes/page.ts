import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { landPath, MAP } from '../../geo/world.ts';
import { answerFor, handleError } from '../errors.ts';
import { PAGES } from '../page/render.ts';
import { createPages, type PagesOptions } from '../page/pages.ts';
import { sendRendered } from '../page/send.ts';

export type PageNeeds = Omit<PagesOptions, 'cache' | 'overview'>;

const HIDDEN = { schema: { hide: true } };

/** The public pages, and the few files that go with them. */
export function pageRoutes(app: FastifyInstance, needs: PagesOptions, done: () => void): void {
  const pages = createPages(needs);
  app.setErrorHandler((error, request, reply) => {
    const known = answerFor(error);
    if (known === undefined || known.status >= 500) return handleError(error, request, reply);
    const { status, body } = known;
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .send(pages.message(body.error.message));
  });
  // Finished once for everybody, so that nobody need be counted; every other view is work.
  const config = { rateLimit: { allowList: ({ url }: FastifyRequest) => url === '/' } };
  app.get('/', { ...HIDDEN, config }, async (request, reply) =>
    sendRendered(request, reply, await pages.network(request.query)),
  );
  app.get<{ Params: { archive: string } }>('/archives/:archive', HIDDEN, async (request, reply) =>
    sendRendered(request, reply, await pages.archive(request.params.archive, request.query)),
  );
  app.get<{ Params: { archive: string; serial: string } }>(
    '/archives/:archive/releases/:serial',
    HIDDEN,
    async (request, reply) =>
      sendRendered(request, reply, await pages.release(request.params, request.query)),
  );
  app.get<{ Params: { mirror: string } }>('/mirrors/:mirror', HIDDEN, async (request, reply) =>
    sendRendered(request, reply, await pages.mirror(request.params.mirror)),
  );
  // Who mistypes an address in a browser is told so by a page.
  app.get('/*', HIDDEN, (request, reply) =>
    request.headers.accept?.includes('text/html') === true
      ? reply
          .code(404)
          .type('text/html; charset=utf-8')
          .send(pages.message('There is nothing here.'))
      : reply.callNotFound(),
  );

  const file = (name: string, type: string, text: string, seconds: number) =>
    app.get(name, HIDDEN, (_, reply) =>
      reply.type(type).header('cache-control', `max-age=${seconds}`).send(text),
    );
  const own = (name: string) => readFileSync(join(PAGES, name), 'utf8');
  file('/style.css', 'text/css; charset=utf-8', own('style.css'), 300);
  file('/live.js', 'text/javascript; charset=utf-8', own('live.js'), 300);
  file('/icon.svg', 'image/svg+xml', own('icon.svg'), 86_400);
  file('/world.svg', 'image/svg+xml', worldPicture(), 86_400);
  done();
}

/** A grey that can be seen on light and on dark. */
function worldPicture(): string {
  const size = `width="${MAP.width}" height="${MAP.height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${MAP.width} ${MAP.height}" ${size}><path fill="#8a949c" fill-opacity=".35" d="${landPath()}"/></svg>\n`;
}
