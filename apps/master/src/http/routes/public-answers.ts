import type { FastifyReply, FastifyRequest } from 'fastify';
import { csvOf } from '../csv.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';

/** How the routes below /v1/public answer: once worked out for all who ask within a moment. */
export interface PublicAnswers {
  json(request: FastifyRequest, reply: FastifyReply, make: () => Promise<unknown>): Answered;
  csv(request: FastifyRequest, reply: FastifyReply, make: () => Promise<readonly Row[]>): Answered;
}

type Answered = Promise<FastifyReply>;
type Row = Record<string, string | number | null>;

/** What is asked is the path of the route with its parameters and query, as they were understood. */
export function publicAnswers(cache: PageCache): PublicAnswers {
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    type: string,
    make: () => Promise<string>,
  ) => {
    const { routeOptions, params, query } = request;
    const key = `${routeOptions.url} ${JSON.stringify(params)} ${JSON.stringify(query)}`;
    const rendered = await cache.get(key, async () => ({ type, text: await make() }));
    return sendRendered(request, reply, rendered);
  };
  return {
    json: (request, reply, make) =>
      answer(request, reply, 'application/json; charset=utf-8', async () =>
        JSON.stringify(await make()),
      ),
    csv: (request, reply, make) =>
      answer(request, reply, 'text/csv; charset=utf-8; header=present', async () =>
        csvOf(await make()),
      ),
  };
}
