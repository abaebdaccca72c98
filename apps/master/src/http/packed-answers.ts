import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formFor, hasAlready } from './page/send.ts';

const SMALLEST_PACKED = 512;
/**
 * What is worked out for each who asks. Pages behind a login are left as they are: what a stranger
 * makes a browser ask for must not be packed together with what the stranger wants to know.
 */
const PACKED =
  /^(application\/(json|metalink\+xml)|text\/(plain|css|javascript)|image\/svg\+xml)\b/;

/** Answers to GET that have no ETag of their own get one, are packed as the caller takes it, or 304. */
export function packAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || !isPackable(request, reply)) return payload;
    const hash = createHash('sha256').update(payload).digest('base64url').slice(0, 22);
    const isSmall = payload.length < SMALLEST_PACKED;
    const form = isSmall ? 'identity' : formFor(request.headers['accept-encoding'], FORMS);
    const isOwn = request.headers.authorization !== undefined;
    reply.header('etag', `"${hash}${form === 'identity' ? '' : `-${form}`}"`);
    reply.header('vary', isOwn ? 'accept-encoding, authorization' : 'accept-encoding');
    if (!reply.hasHeader('cache-control')) {
      reply.header('cache-control', isOwn ? 'private, no-cache' : 'no-cache');
    }
    if (hasAlready(request.headers['if-none-match'], hash)) {
      reply.code(304).removeHeader('content-type');
      return '';
    }
    if (form === 'identity') return payload;
    reply.header('content-encoding', form);
    return PACKERS[form](Buffer.from(payload));
  });
}

function isPackable({ method }: FastifyRequest, reply: FastifyReply): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    reply.statusCode === 200 &&
    !reply.hasHeader('etag') &&
    !reply.hasHeader('content-encoding') &&
    PACKED.test(String(reply.getHeader('content-type') ?? ''))
  );
}

const FORMS = { gzip: true, br: true };
const zip = promisify(gzip);
const brotli = promisify(brotliCompress);
const PACKERS = {
  gzip: (bytes: Buffer) => zip(bytes, { level: 6 }),
  br: (bytes: Buffer) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
};
