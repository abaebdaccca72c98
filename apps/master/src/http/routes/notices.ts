import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SubscriptionRow } from '../../db/notice-schema.ts';
import { listSubscriptions } from '../../db/notice-subscriptions.ts';
import { countWaiting, listDeliveries } from '../../db/notices.ts';
import type { Db } from '../../db/open.ts';
import { MasterError } from '../../errors.ts';
import { retryDelivery } from '../../notify/retry-delivery.ts';
import { findOwn, sendTest, subscribe, unsubscribe } from '../../notify/subscriptions.ts';
import type { Auth } from '../auth.ts';
import { confirmed, noticeList, subscribedView, wantedOf } from './notice-answers.ts';
import {
  confirmationSchema,
  deliverySchema,
  newSubscription,
  noticeId,
  noticeListSchema,
  outboxSchema,
  queuedSchema,
  removedSchema,
  subscribedSchema,
  subscriptionSchema,
} from './notice-schemas.ts';
import { deliveryView } from './notice-views.ts';
import { bearer } from './schemas.ts';

export interface NoticeNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Whether there is a mail server in the settings. */
  mayMail: boolean;
}

/**
 * Who hears of what: release managers manage the notices of archives, operators those of their own
 * mirror, administrators all of them, and the outbox.
 */
export function noticeRoutes(base: FastifyInstance, needs: NoticeNeeds, done: () => void): void {
  subscriptionRoutes(base, needs);
  outboxRoutes(base, needs);
  done();
}

function subscriptionRoutes(base: FastifyInstance, { db, auth, now, mayMail }: NoticeNeeds): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin', 'release-manager', 'operator');
  const params = z.object({ id: noticeId });
  const asking = (request: FastifyRequest) => {
    const by = auth.caller(request);
    return { db, by, at: now(), trusted: by.role === 'admin', mayMail };
  };
  /** Administrators all of them, release managers those of archives, operators those of their mirror. */
  const mayOf = (request: FastifyRequest) => {
    const { role, mirror: own } = auth.caller(request);
    return ({ scope, subject }: Pick<SubscriptionRow, 'scope' | 'subject'>) =>
      role === 'admin' ||
      (role === 'release-manager' ? scope === 'archive' : scope === 'mirror' && subject === own);
  };

  app.get(
    '/v1/notices',
    {
      schema: {
        description:
          'Who is told of what, as far as the caller manages it, and what was told last.',
        security: bearer,
        response: { 200: noticeListSchema },
      },
      onRequest,
    },
    async (request) => noticeList(db, (await listSubscriptions(db)).filter(mayOf(request))),
  );
  app.post(
    '/v1/notices',
    {
      schema: {
        description:
          'Tell a mail address or a webhook what happens to a mirror, to the rollouts of an archive, or to the whole network.',
        security: bearer,
        body: newSubscription,
        response: { 201: subscribedSchema },
      },
      onRequest,
    },
    async (request, reply) => {
      const { mirror, archive, ...body } = request.body;
      const scope = mirror !== undefined ? 'mirror' : archive === undefined ? 'network' : 'archive';
      const subject = mirror ?? archive ?? '';
      if (!mayOf(request)({ scope, subject })) {
        const words = 'Release managers hear of archives, and operators of their mirror: name one.';
        throw new MasterError('invalid', words);
      }
      const wanted = wantedOf(body, scope, subject);
      return reply.code(201).send(subscribedView(await subscribe(asking(request), wanted)));
    },
  );
  app.post(
    '/v1/notices/:id/confirm',
    {
      schema: {
        description: 'Confirm a mail address with the code that was sent to it.',
        security: bearer,
        params,
        body: confirmationSchema,
        response: { 200: subscriptionSchema },
      },
      onRequest,
    },
    async (request) =>
      confirmed(
        asking(request),
        await findOwn(db, request.params.id, mayOf(request)),
        request.body.code,
      ),
  );
  app.post(
    '/v1/notices/:id/test',
    {
      schema: {
        description: 'Send a test notice.',
        security: bearer,
        params,
        response: { 202: queuedSchema },
      },
      onRequest,
    },
    async (request, reply) => {
      const row = await findOwn(db, request.params.id, mayOf(request));
      return reply.code(202).send({ delivery: await sendTest(asking(request), row) });
    },
  );
  app.delete(
    '/v1/notices/:id',
    {
      schema: {
        description: 'Tell it no more.',
        security: bearer,
        params,
        response: { 200: removedSchema },
      },
      onRequest,
    },
    async (request) => {
      const row = await findOwn(db, request.params.id, mayOf(request));
      await unsubscribe(asking(request), row);
      return { id: row.id };
    },
  );
}

function outboxRoutes(base: FastifyInstance, { db, auth, now }: NoticeNeeds): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin');
  const state = z.enum(['waiting', 'sent', 'failed', 'dropped']).optional();
  app.get(
    '/v1/notices/outbox',
    {
      schema: {
        description: 'What was told, what waits and what did not arrive, the newest first.',
        security: bearer,
        querystring: z.object({
          state,
          limit: z.coerce.number().int().min(1).max(500).default(50),
        }),
        response: { 200: outboxSchema },
      },
      onRequest,
    },
    async ({ query }) => ({
      waiting: await countWaiting(db),
      deliveries: (await listDeliveries(db, query)).map(deliveryView),
    }),
  );
  app.post(
    '/v1/notices/outbox/:id/retry',
    {
      schema: {
        description: 'Send one again at once that waits or did not arrive.',
        security: bearer,
        params: z.object({ id: noticeId }),
        response: { 200: deliverySchema },
      },
      onRequest,
    },
    async (request) =>
      deliveryView(await retryDelivery(db, request.params.id, auth.caller(request), now())),
  );
}
