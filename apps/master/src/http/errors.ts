import { AclError } from '@pushmirror/acl';
import { HostError, type HostErrorCode } from '@pushmirror/host';
import { NetError } from '@pushmirror/net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { asActionable } from '../db/actionable.ts';
import { HIDDEN, MasterError, type MasterErrorCode } from '../errors.ts';

/** Which HTTP status each error of ours is. The one such table. */
const STATUS: Record<MasterErrorCode, number> = {
  'unknown-archive': 404,
  'unknown-mirror': 404,
  'unknown-release': 404,
  'unknown-token': 404,
  'already-exists': 409,
  invalid: 422,
  'bad-path': 422,
  cycle: 422,
  'publish-running': 409,
  'publish-refused': 422,
  'serials-used-up': 422,
  'disk-full': 503,
  'not-public': 503,
  unauthorised: 401,
  forbidden: 403,
  'too-many-failures': 429,
  'too-many-streams': 503,
  'state-in-use': 503,
  'wrong-state': 503,
  'no-answer': 503,
  'bad-url': 422,
  unreachable: 422,
  'bad-answer': 422,
  'already-decided': 409,
  'too-many-registrations': 429,
  stopping: 503,
};

const HOST_STATUS: Partial<Record<HostErrorCode, number>> = {
  'disk-full': 503,
  'cannot-write': 503,
};

/** The body of every answer that is not a success. */
export const errorBody = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

/** The status and body for an error; undefined when it is nobody's business but the log's. */
export function answerFor(
  error: unknown,
): { status: number; body: z.infer<typeof errorBody> } | undefined {
  const known = asActionable(error) ?? error;
  if (known instanceof MasterError) return answer(STATUS[known.code], known.code, known.message);
  if (known instanceof NetError) return answer(422, known.code, known.message);
  if (known instanceof AclError) return answer(422, known.code, known.message);
  if (known instanceof HostError) {
    const status = HOST_STATUS[known.code];
    return status === undefined ? undefined : answer(status, known.code, known.message);
  }
  if (hasZodFastifySchemaValidationErrors(known)) {
    const problems = known.validation.map(
      ({ instancePath, message }) => `${instancePath.slice(1) || 'body'}: ${message ?? 'invalid'}`,
    );
    return answer(400, 'malformed-request', problems.join('; '));
  }
  return answerForFastify(known);
}

/** What fastify and its plugins refuse: too large, not JSON, too many requests. */
function answerForFastify(error: unknown) {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode, code, message } = error as FastifyError;
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  const ours = FASTIFY[code];
  if (ours !== undefined) return answer(statusCode, ...ours);
  return answer(statusCode, (code ?? 'refused').toLowerCase(), message);
}

/** The code and the sentence for what fastify refuses of a body. */
const FASTIFY: Partial<Record<string, [code: string, message: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'This takes JSON: send it with "content-type: application/json".',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-request', 'The body is not JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-request', 'The body is empty: send JSON, such as {}.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', 'The body is larger than this takes.'],
};

/** fastify's error handler: unknown errors are logged, and the answer says nothing of them. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = answerFor(error);
  if (known === undefined || known.status >= 500)
    request.log.error({ err: error }, 'request failed');
  const { status, body } =
    known ?? answer(500, 'internal', 'Something went wrong here. The log of the master says what.');
  return reply.code(status).send(body);
}

/** What the router cannot read, before there is a route whose error it could be. */
export function refuseUrl({ statusCode = 400 }: FastifyError, _: unknown, reply: FastifyReply) {
  const message =
    statusCode === 414
      ? 'A name in the address of the request is too long.'
      : 'The address of the request cannot be read.';
  const { status, body } = answer(statusCode, 'malformed-url', message);
  reply.code(status).header('x-content-type-options', 'nosniff').send(body);
}

function answer(status: number, code: string, message: string) {
  return { status, body: { error: { code, message: message.replaceAll(HIDDEN, '') } } };
}
