import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { readPolicyNow, setPolicy, type PolicyNow } from '../../archive/set-policy.ts';
import type { Db } from '../../db/open.ts';
import { currentRelease } from '../../db/releases.ts';
import { policySchema } from '../../rollout/policy.ts';
import type { Auth } from '../auth.ts';
import { policyAnswer } from './policy-answer.ts';
import { bearer, name } from './schemas.ts';
import { archiveView } from './views.ts';

export interface PolicyNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** The folder with the programs that gates may run; undefined when they may run none. */
  checks: string | undefined;
}

const change = z.union([
  z.strictObject({ policy: policySchema }),
  z.strictObject({ switch: policySchema.shape.switch }),
]);

/** How the releases of an archive roll out. */
export function policyRoutes(base: FastifyInstance, needs: PolicyNeeds, done: () => void): void {
  const { db, auth, now, checks } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const params = z.object({ archive: name });
  const view = async ({ archive, policy, waves }: PolicyNow) => ({
    archive: archiveView(archive, (await currentRelease(db, archive.name))?.serial),
    policy,
    waves,
  });

  app.get(
    '/v1/archives/:archive',
    {
      schema: { security: bearer, params, response: { 200: policyAnswer } },
      onRequest: auth.allow('admin', 'release-manager', 'operator'),
    },
    async (request) => view(await readPolicyNow(db, request.params.archive)),
  );

  app.post(
    '/v1/archives/:archive/policy',
    {
      schema: {
        description: 'Set how releases roll out, from the next one on.',
        security: bearer,
        params,
        body: change,
        response: { 200: policyAnswer },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => {
      const by = auth.caller(request);
      return view(await setPolicy(db, request.params.archive, request.body, by, { now, checks }));
    },
  );
  done();
}
