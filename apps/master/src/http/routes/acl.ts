import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { changeAccess, type AccessChange } from '../../access/change.ts';
import type { CheckedAccess } from '../../access/check-installed.ts';
import { explain } from '../../access/explain.ts';
import { added, removed } from '../../access/edits.ts';
import type { Rendered } from '../../access/render.ts';
import { accessText, ACTIONS, ROLES, ruleText, viewText } from '../../access/rule-text.ts';
import type { Db } from '../../db/open.ts';
import type { Auth } from '../auth.ts';
import {
  accessChangedSchema,
  accessCheckedSchema,
  explanationSchema,
  renderedSchema,
  ruleSchema,
} from './access-schemas.ts';
import { bearer, name } from './schemas.ts';

export interface AclNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  network: string;
  access: Access;
  checkAccess: () => Promise<CheckedAccess>;
  renderAccess: (folder: string) => Promise<Rendered>;
}

const query = z.object({ dryRun: z.enum(['true', 'false']).default('false') });
const changed = { security: bearer, querystring: query, response: { 200: accessChangedSchema } };
const question = z.strictObject({
  mirror: name.optional(),
  /** Of a token, or of a mirror where that is not known to be one. */
  role: z.enum(ROLES).optional(),
  key: ruleText.shape.key,
  action: z.enum(ACTIONS),
  archive: name,
  view: name.optional(),
  path: z.string().min(1).max(4096).optional(),
  from: z
    .string()
    .refine((text) => isIP(text) !== 0, { error: 'expected an IP address' })
    .optional(),
});

/** The rules, for administrators. Each change says who gains and who loses what. */
export function aclRoutes(base: FastifyInstance, needs: AclNeeds, done: () => void): void {
  const { db, auth, now, network, access } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin');

  const apply = async (
    request: FastifyRequest,
    { dryRun }: z.output<typeof query>,
    wanted: Omit<AccessChange, 'dryRun'>,
  ) => {
    const change = { ...wanted, dryRun: dryRun === 'true' };
    const result = await changeAccess(db, network, change, auth.caller(request), now);
    if (!change.dryRun) await access.refresh();
    return result;
  };
  const current = async () => {
    await access.refresh();
    return access.policy();
  };

  app.get(
    '/v1/acl',
    {
      schema: {
        security: bearer,
        response: { 200: z.object({ rules: z.array(ruleSchema), views: z.array(viewText) }) },
      },
      onRequest,
    },
    async () => {
      const { rules, added: own, views } = await current();
      const registry = rules.filter(({ isDefault }) => isDefault === true);
      return {
        rules: [
          ...own.map((rule) => ({ ...rule, origin: 'added' as const })),
          ...registry.map(({ id, effect, action, who: { mirror }, archive }) => {
            const what = { id, effect, action, mirror, archive };
            return { ...what, origin: 'registry' as const };
          }),
        ],
        views: [...views],
      };
    },
  );

  app.post('/v1/acl/rules', { schema: { ...changed, body: ruleText }, onRequest }, (request) => {
    const { body } = request;
    const change = { change: added(body), action: 'acl-add', subject: body.id };
    return apply(request, request.query, change);
  });

  app.delete(
    '/v1/acl/rules/:id',
    { schema: { ...changed, params: z.object({ id: z.string().max(255) }) }, onRequest },
    (request) => {
      const { id } = request.params;
      const change = { change: removed(id), action: 'acl-remove', subject: id };
      return apply(request, request.query, change);
    },
  );

  app.get(
    '/v1/acl/export',
    { schema: { security: bearer, response: { 200: accessText } }, onRequest },
    async () => {
      const { added: rule, views } = await current();
      return { rule: [...rule], view: [...views] };
    },
  );

  app.post('/v1/acl/import', { schema: { ...changed, body: accessText }, onRequest }, (request) => {
    const { body } = request;
    const subject = `${body.rule.length} rules`;
    return apply(request, request.query, { change: () => body, action: 'acl-import', subject });
  });

  app.post(
    '/v1/acl/explain',
    {
      schema: { security: bearer, body: question, response: { 200: explanationSchema } },
      onRequest,
    },
    async (request) => explain(await current(), request.body, now()),
  );

  app.get(
    '/v1/acl/check',
    { schema: { security: bearer, response: { 200: accessCheckedSchema } }, onRequest },
    () => needs.checkAccess(),
  );

  app.get(
    '/v1/acl/render',
    {
      schema: {
        security: bearer,
        querystring: z.object({ folder: z.string().min(1).max(1024) }),
        response: { 200: renderedSchema },
      },
      onRequest,
    },
    (request) => needs.renderAccess(request.query.folder),
  );
  done();
}
