import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SubscriptionRow } from '../../db/notice-schema.ts';
import { listSubscriptions } from '../../db/notice-subscriptions.ts';
import { unknownMirror } from '../../errors.ts';
import { findOwn, sendTest, subscribe, unsubscribe } from '../../notify/subscriptions.ts';
import { confirmed, noticeList, subscribedView, wantedOf } from './notice-answers.ts';
import {
  confirmationSchema,
  newOwnSubscription,
  noticeId,
  noticeListSchema,
  queuedSchema,
  removedSchema,
  subscribedSchema,
  subscriptionSchema,
} from './notice-schemas.ts';
import type { NoticeNeeds } from './notices.ts';
import { bearer, name } from './schemas.ts';

/** Who hears what happens to one mirror: its operators manage that, and administrators. */
export function mirrorNoticeRoutes(
  base: FastifyInstance,
  { db, auth, now, mayMail }: NoticeNeeds,
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin', 'operator');
  const params = z.object({ mirror: name });
  const one = z.object({ mirror: name, id: noticeId });
  const asking = (request: FastifyRequest, mirror: string) => {
    const by = auth.caller(request);
    const trusted = by.role === 'admin';
    if (!trusted && by.mirror !== mirror) {
      throw unknownMirror(mirror);
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
      return noticeList(db, await listSubscriptions(db, { scope: 'mirror', subject: mirror }));
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
      return reply.code(201).send(subscribedView(made));
    },
  );
  app.post(
    '/v1/mirrors/:mirror/notices/:id/confirm',
    {
      schema: {
        description: 'Confirm a mail address with the code that was sent to it.',
        security: bearer,
        params: one,
        body: confirmationSchema,
        response: { 200: subscriptionSchema },
      },
      onRequest,
    },
    async (request) => {
      const { mirror, id: which } = request.params;
      const who = asking(request, mirror);
      return confirmed(who, await findOwn(db, which, ownOf(mirror)), request.body.code);
    },
  );
  app.post(
    '/v1/mirrors/:mirror/notices/:id/test',
    {
      schema: {
        description: 'Send a test notice.',
        security: bearer,
        params: one,
        response: { 202: queuedSchema },
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
        response: { 200: removedSchema },
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
  done();
}
