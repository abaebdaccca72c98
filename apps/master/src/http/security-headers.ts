import helmet from '@fastify/helmet';
import Fastify from 'fastify';

/** Nothing but what this server has, and no script that stands in a page. */
const CSP = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
};

/** Of the page that describes the API: its pictures stand in its style sheet. */
export const DOCS_CSP = Object.entries({ ...CSP, 'img-src': ["'self'", 'data:'] })
  .map(([name, values]) => `${name} ${values.join(' ')}`)
  .join('; ');

/**
 * The headers that helmet gives to every answer. They are always the same, so that it is asked for
 * them once: for each answer anew they cost more than a finished page.
 */
export async function securityHeaders(): Promise<Record<string, string>> {
  const app = Fastify();
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: CSP } });
  app.get('/', (_, reply) => reply.code(204).send());
  const { headers } = await app.inject('/');
  await app.close();
  const known = Object.entries(headers).filter(([name]) => !OF_AN_ANSWER.has(name));
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

const OF_AN_ANSWER = new Set([
  'date',
  'connection',
  'content-length',
  'content-type',
  'keep-alive',
]);
