import type { FastifyInstance } from 'fastify';
import type { Access } from '../../access/access.ts';
import { mustPublish } from '../../access/may.ts';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LIMITS, percentDecode, type TreePath } from '@pushmirror/manifest';
import { MOST_CHANGED } from '../../archive/contents.ts';
import type { Attempt, Publisher } from '../../archive/publish.ts';
import { MasterError } from '../../errors.ts';
import type { Auth } from '../auth.ts';
import { answerFor } from '../errors.ts';
import { attemptSchema, bearer, name, publishedSchema } from './schemas.ts';

export interface ReleaseNeeds {
  access: Access;
  now: () => Date;
  auth: Auth;
  publisher: Publisher;
}

/** A hundred thousand paths in a list of changes, each as one word (see percentEncode). */
const LARGEST_BODY = 40 * 1024 * 1024;
const changedPath = z
  .string()
  .max(3 * LIMITS.pathBytes)
  .transform(readPath);

const options = z.strictObject({
  allowDelete: z.int().nonnegative().optional(),
  full: z.boolean().optional(),
  /** Only these paths changed: the tree is not looked through. */
  changed: z.array(changedPath).max(MOST_CHANGED).optional(),
  /** Skip waves, bake and switching together, and go ahead of everything. */
  urgent: z.boolean().optional(),
  /** False: answer 202 at once; the progress is at .../publishing. */
  wait: z.boolean().default(true),
});

/** Publishing: `POST .../releases` makes one, `GET .../publishing` shows how far it is. */
export function releaseRoutes(base: FastifyInstance, needs: ReleaseNeeds, done: () => void): void {
  const { auth, publisher } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const params = z.object({ archive: name });

  app.post(
    '/v1/archives/:archive/releases',
    {
      bodyLimit: LARGEST_BODY,
      schema: {
        security: bearer,
        params,
        body: options,
        response: { 201: publishedSchema, 202: attemptSchema },
      },
      onRequest: auth.allow('admin', 'release-manager'),
    },
    async (request, reply) => {
      const { wait, ...chosen } = request.body;
      const { archive } = request.params;
      const { role } = auth.caller(request);
      await mustPublish(needs.access, { role, archive, from: request.ip }, needs.now);
      const { attempt, done: ended } = await publisher.begin(archive, auth.caller(request), chosen);
      if (!wait) return reply.code(202).send(attemptView(attempt));
      return reply.code(201).send(await ended);
    },
  );

  app.get(
    '/v1/archives/:archive/publishing',
    {
      schema: { security: bearer, params, response: { 200: attemptSchema } },
      onRequest: auth.allow('admin', 'release-manager', 'operator'),
    },
    (request) => {
      const attempt = publisher.latest(request.params.archive);
      if (attempt !== undefined) return attemptView(attempt);
      throw new MasterError(
        'unknown-release',
        'Nothing was published since the master was started. A publish that was under way then must be begun again.',
      );
    },
  );
  done();
}

function readPath(word: string, context: z.RefinementCtx): TreePath {
  const path = percentDecode(word);
  if (path !== undefined) return path;
  context.addIssue({ code: 'custom', message: 'is not a path as one word, with %XX' });
  return z.NEVER;
}

function attemptView(attempt: Attempt): z.infer<typeof attemptSchema> {
  const { archive, serial, startedAt, outcome } = attempt;
  const view = {
    archive,
    serial,
    startedAt: startedAt.toISOString(),
    progress: attempt.progress,
  };
  if (outcome === undefined) return { ...view, state: 'running' };
  if ('published' in outcome) return { ...view, state: 'published', published: outcome.published };
  const known = answerFor(outcome.error)?.body.error;
  const unknown = {
    code: 'internal',
    message: 'Something went wrong. The log of the master says what.',
  };
  return { ...view, state: 'failed', error: known ?? unknown };
}
