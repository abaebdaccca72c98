import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SubscriptionRow } from '../../db/notice-schema.ts';
import { listSubscriptions } from '../../db/notice-subscriptions.ts';
import { countWaiting, listDeliveries } from '../../db/notices.ts';
import type { Db } from '../../db/open.ts';
import { MasterError } from '../../errors.ts';
import { retryDelivery } from '../../notify/retry-delivery.ts';
import {
  confirmAddress,
  findOwn,
  sendTest,
  subscribe,
  unsubscribe,
  type Wanted,
} from '../../notify/subscriptions.ts';
import type { Auth } from '../auth.ts';
import {
  deliverySchema,
  newOwnSubscription,
  newSubscription,
  noticeListSchema,
  outboxSchema,
  subscribedSchema,
  subscriptionSchema,
} from './notice-schemas.ts';
import { deliveryView, minuteOf, subscriptionView } from './notice-views.ts';
import { bearer, name } from './schemas.ts';

export interface NoticeNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Whether there is a mail server in the settings. */
  mayMail: boolean;
}

const MOST_SHOWN = 50;
const id = z.string().max(64);
const code = z.strictObject({ code: z.string().min(1).max(40) });
const queued = z.object({ delivery: z.string() });
const removed = z.object({ id: z.string() });

/**
 * Who hears of what: operators manage the notices of their own mirror, release managers those of
 * archives, administrators all of them, and the outbox.
 */
export function noticeRoutes(base: FastifyInstance, needs: NoticeNeeds, done: () => void): void {
  ownRoutes(base, needs);
  anyRoutes(base, needs);
  outboxRoutes(base, needs);
  done();
}

function ownRoutes(base: FastifyInstance, { db, auth, now, mayMail }: NoticeNeeds): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin', 'operator');
  const params = z.object({ mirror: name });
  const one = z.object({ mirror: name, id });
  const asking = (request: FastifyRequest, mirror: string) => {
    const by = auth.caller(request);
    const trusted = by.role === 'admin';
    if (!trusted && by.mirror !== mirror) {
      throw new MasterError('unknown-mirror', 'There is no such mirror.');
    }
    return { db, by, at: now(), trusted, mayMail };
  };
  const ownOf = (mirror: string) => (row: SubscriptionRow) =>
    row.scope === 'mirror' && row.subject === mirror;

  app.get(
    '/v1/mirrors/:mirror/notices',
    {
      schema: {
        description: 'Who is told what happens to a mirror, and what was told last.',
        security: bearer,
        params,
        response: { 200: noticeListSchema },
      },
      onRequest,
    },
    async (request) => {
      const { mirror } = request.params;
      asking(request, mirror);
      return listOf(db, await listSubscriptions(db, { scope: 'mirror', subject: mirror }));
    },
  );
  app.post(
    '/v1/mirrors/:mirror/notices',
    {
      schema: {
        description:
          'Tell a mail address or a webhook what happens to a mirror; one that is known hears from now on what is said here.',
        security: bearer,
        params,
        body: newOwnSubscription,
        response: { 201: subscribedSchema },
      },
      onRequest,
      config: { rateLimit: { max: 30, timeWindow: 60_000 } },
    },
    async (request, reply) => {
      const { mirror } = request.params;
      const who = asking(request, mirror);
      const made = await subscribe(who, wantedOf(request.body, 'mirror', mirror));
      return reply.code(201).send(subscribed(made));
    },
  );
  app.post(
    '/v1/mirrors/:mirror/notices/:id/confirm',
    {
      schema: {
        description: 'Confirm a mail address with the code that was sent to it.',
        security: bearer,
        params: one,
        body: code,
        response: { 200: subscriptionSchema },
      },
      onRequest,
    },
    async (request) => {
      const { mirror, id: which } = request.params;
      const who = asking(request, mirror);
      return confirm(who, await findOwn(db, which, ownOf(mirror)), request.body.code);
    },
  );
  app.post(
    '/v1/mirrors/:mirror/notices/:id/test',
    {
      schema: {
        description: 'Send a test notice.',
        security: bearer,
        params: one,
        response: { 202: queued },
      },
      onRequest,
      config: { rateLimit: { max: 10, timeWindow: 60_000 } },
    },
    async (request, reply) => {
      const { mirror, id: which } = request.params;
      const who = asking(request, mirror);
      const delivery = await sendTest(who, await findOwn(db, which, ownOf(mirror)));
      return reply.code(202).send({ delivery });
    },
  );
  app.delete(
    '/v1/mirrors/:mirror/notices/:id',
    {
      schema: {
        description: 'Tell it no more.',
        security: bearer,
        params: one,
        response: { 200: removed },
      },
      onRequest,
    },
    async (request) => {
      const { mirror, id: which } = request.params;
      const who = asking(request, mirror);
      await unsubscribe(who, await findOwn(db, which, ownOf(mirror)));
      return { id: which };
    },
  );
}

function anyRoutes(base: FastifyInstance, { db, auth, now, mayMail }: NoticeNeeds): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin', 'release-manager', 'operator');
  const params = z.object({ id });
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
    async (request) => listOf(db, (await listSubscriptions(db)).filter(mayOf(request))),
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
      return reply.code(201).send(subscribed(await subscribe(asking(request), wanted)));
    },
  );
  app.post(
    '/v1/notices/:id/confirm',
    {
      schema: {
        description: 'Confirm a mail address with the code that was sent to it.',
        security: bearer,
        params,
        body: code,
        response: { 200: subscriptionSchema },
      },
      onRequest,
    },
    async (request) =>
      confirm(
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
        response: { 202: queued },
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
        response: { 200: removed },
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
        params: z.object({ id }),
        response: { 200: deliverySchema },
      },
      onRequest,
    },
    async (request) =>
      deliveryView(await retryDelivery(db, request.params.id, auth.caller(request), now())),
  );
}

async function listOf(db: Db, rows: readonly SubscriptionRow[]) {
  const subscriptions = rows.map(({ id: one }) => one);
  const deliveries = await listDeliveries(db, { subscriptions, limit: MOST_SHOWN });
  return { subscriptions: rows.map(subscriptionView), deliveries: deliveries.map(deliveryView) };
}

async function confirm(
  who: Parameters<typeof confirmAddress>[0],
  row: SubscriptionRow,
  given: string,
) {
  await confirmAddress(who, row, given);
  return subscriptionView({ ...row, state: 'active' });
}

function subscribed({ row, secret }: Awaited<ReturnType<typeof subscribe>>) {
  return { subscription: subscriptionView(row), secret };
}

function wantedOf(
  body: z.output<typeof newOwnSubscription>,
  scope: Wanted['scope'],
  subject: string,
): Wanted {
  const { quiet, ...rest } = body;
  const hours = quiet && { from: minuteOf(quiet.from), to: minuteOf(quiet.to) };
  return { ...rest, scope, subject, quiet: hours };
}
