import { createHash } from 'node:crypto';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { describeApi } from './describe-api.ts';
import { handleError, refuseUrl } from './errors.ts';
import { packAnswers } from './packed-answers.ts';
import { routes, type RouteNeeds } from './routes/index.ts';
import { DOCS_CSP, securityHeaders } from './security-headers.ts';

export interface AppOptions extends RouteNeeds {
  logger: FastifyBaseLogger;
  /** Whose X-Forwarded-For counts: networks. */
  trustProxy: readonly string[];
}

const ABOUT =
  'What is below /v1 keeps its form; what is added to it is no other version. Lists come in pages: ' +
  '"next" is what the next page is asked with, and null on the last one. Answers have an ETag and ' +
  'come packed to who takes that.';
const LARGEST_BODY = 1024 * 1024;
const REQUESTS_A_MINUTE = 1200;
/** So long may a client take to send its request. */
const REQUEST_DEADLINE_MS = 30_000;

/** The master's HTTP side, without a port: the API under /v1, health, and the public page. */
export async function createApp(o: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: o.logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: o.trustProxy.length === 0 ? false : [...o.trustProxy],
    bodyLimit: LARGEST_BODY,
    requestTimeout: REQUEST_DEADLINE_MS,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: refuseUrl,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(({ method }, reply) => {
    const message = `There is nothing here that takes ${method}. /docs shows what there is.`;
    return reply.code(404).send({ error: { code: 'not-found', message } });
  });
  packAnswers(app);
  const headers = await securityHeaders();
  app.addHook('onRequest', (_, reply, next) => {
    reply.headers(headers);
    next();
  });
  await app.register(rateLimit, {
    max: REQUESTS_A_MINUTE,
    timeWindow: 60_000,
    keyGenerator: whoAsks,
  });
  await app.register(swagger, {
    openapi: {
      info: { title: 'pushmirror master', version: '1', description: ABOUT },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: describeApi,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_CSP });
  await app.register(routes, o);
  return app;
}

/** Tokens are counted each for itself, since many agents may share an address; others by address. */
function whoAsks(request: FastifyRequest): string {
  const { authorization } = request.headers;
  if (authorization === undefined) return normalizeIP(request.ip, 64);
  return createHash('sha256').update(authorization).digest('base64');
}
