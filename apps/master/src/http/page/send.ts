import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Rendered } from './cache.ts';

/** Answer with a finished page: packed as the reader takes it, or 304 when it has it already. */
export function sendRendered(
  request: FastifyRequest,
  reply: FastifyReply,
  rendered: Rendered,
  cacheControl = 'no-cache',
): FastifyReply {
  const form = formFor(request.headers['accept-encoding'], rendered);
  const etag = `"${rendered.etag}${form === 'identity' ? '' : `-${form}`}"`;
  reply
    .header('etag', etag)
    .header('cache-control', cacheControl)
    .header('vary', 'accept-encoding');
  if (hasAlready(request.headers['if-none-match'], rendered.etag)) return reply.code(304).send();
  if (form !== 'identity') reply.header('content-encoding', form);
  return reply.type(rendered.type).send(rendered[form]);
}

/** The form that a reader takes, of those that there are. */
export function formFor(
  accepted: unknown,
  rendered: { br?: unknown; gzip?: unknown },
): 'br' | 'gzip' | 'identity' {
  if (typeof accepted !== 'string') return 'identity';
  const takes = (name: string) =>
    accepted.split(',').some((one) => {
      const [form = '', ...rest] = one.trim().toLowerCase().split(';');
      return form.trim() === name && !rest.some((part) => /^\s*q=0(\.0*)?\s*$/.test(part));
    });
  if (rendered.br !== undefined && takes('br')) return 'br';
  return rendered.gzip !== undefined && takes('gzip') ? 'gzip' : 'identity';
}

/** The same content in another packing is the same to who has it. */
export function hasAlready(asked: string | undefined, etag: string): boolean {
  return (
    asked !== undefined &&
    asked.split(',').some((one) => {
      const bare = one.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
      return bare === '*' || bare.replace(/-(br|gzip)$/, '') === etag;
    })
  );
}
