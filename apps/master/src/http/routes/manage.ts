import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listMaintenance } from '../../db/maintenance.ts';
import { findMirror } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import type { MaintenanceRow } from '../../db/operator-schema.ts';
import type { PushRow } from '../../db/schema.ts';
import { unknownMirror } from '../../errors.ts';
import { changeSchema } from '../../registry/change.ts';
import type { Findings } from '../../registry/findings.ts';
import type { Doing } from '../../registry/manage/act.ts';
import { askForChange, proveChange } from '../../registry/manage/change.ts';
import { leave } from '../../registry/manage/leave.ts';
import { addMaintenance, removeMaintenance } from '../../registry/manage/maintenance.ts';
import { move } from '../../registry/manage/move.ts';
import { optIn, optOut } from '../../registry/manage/opt.ts';
import { addOperator, listOperators, removeOperator } from '../../registry/manage/operators.ts';
import { pause, resume, suspend } from '../../registry/manage/states.ts';
import type { Claim } from '../../registry/prove.ts';
import type { Auth } from '../auth.ts';
import {
  changeStandingSchema,
  doneSchema,
  newWindow,
  operatorSchema,
  windowSchema,
} from './manage-schemas.ts';
import { bearer, line, name } from './schemas.ts';

export interface ManageNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  prove: (claim: Claim) => Promise<Findings>;
  onMirrorsChanged: () => Promise<void>;
  onPushesMoved: (pushes: readonly PushRow[]) => void;
}

/**
 * What operators do with their own mirror, and administrators with any. A mirror that is not one's
 * own sounds like one that is not there.
 */
export function manageRoutes(base: FastifyInstance, needs: ManageNeeds, done: () => void): void {
  const { db, auth } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const mirrorOnly = z.object({ mirror: name });
  const both = auth.allow('admin', 'operator');
  const adminOnly = auth.allow('admin');
  const isAdmin = (request: FastifyRequest) => auth.caller(request).role === 'admin';

  const doing = (request: FastifyRequest, mirror: string): Doing => {
    const by = auth.caller(request);
    if (by.role !== 'admin' && by.mirror !== mirror) throw unknownMirror(mirror);
    return { db, mirror, by, at: needs.now() };
  };
  /** Tell everybody who need know, and say how the mirror stands. */
  const settle = async (mirror: string, pushes: readonly PushRow[]) => {
    needs.onPushesMoved(pushes);
    await needs.onMirrorsChanged();
    return { mirror, state: (await findMirror(db, mirror))?.state ?? 'left' };
  };

  /** One that takes a reason, or an empty body. */
  const act = <B extends z.ZodType>(
    path: string,
    body: B,
    work: (doing: Doing, body: z.output<B>, admin: boolean) => Promise<PushRow[]>,
    onRequest = both,
  ) =>
    app.post(
      `/v1/mirrors/:mirror/${path}`,
      {
        schema: { security: bearer, params: mirrorOnly, body, response: { 200: doneSchema } },
        onRequest,
      },
      async (request) => {
        const { mirror } = request.params;
        const given = request.body as z.output<B>;
        return settle(mirror, await work(doing(request, mirror), given, isAdmin(request)));
      },
    );

  const reason = z.strictObject({ reason: line });
  act('pause', reason, (d, body) => pause(d, body.reason));
  act('resume', z.strictObject({}), (d, _, admin) => resume(d, { admin }));
  act('leave', reason, (d, body) => leave(d, body.reason, 'mirror-leave'));
  act('suspend', reason, (d, body) => suspend(d, body.reason), adminOnly);
  act('remove', reason, (d, body) => leave(d, body.reason, 'mirror-remove'), adminOnly);
  act('move', z.strictObject({ upstream: name }), (d, body) => move(d, body.upstream), adminOnly);
  act('opt-in', z.strictObject({ archive: name }), (d, body) => optIn(d, body.archive));
  act('opt-out', z.strictObject({ archive: name }), (d, body) => optOut(d, body.archive));

  app.post(
    '/v1/mirrors/:mirror/change',
    {
      schema: {
        security: bearer,
        params: mirrorOnly,
        body: changeSchema,
        response: { 200: changeStandingSchema },
      },
      onRequest: both,
    },
    async (request) => {
      const { mirror } = request.params;
      const admin = isAdmin(request);
      const standing = await askForChange(doing(request, mirror), request.body, { admin });
      if (standing.state === 'applied') await settle(mirror, []);
      return standing;
    },
  );

  app.post(
    '/v1/mirrors/:mirror/change/check',
    {
      schema: { security: bearer, params: mirrorOnly, response: { 200: changeStandingSchema } },
      onRequest: both,
      config: { rateLimit: { max: 30, timeWindow: 60_000 } },
    },
    async (request) => {
      const { mirror } = request.params;
      const standing = await proveChange(doing(request, mirror), needs.prove);
      if (standing.state === 'applied') await settle(mirror, []);
      return standing;
    },
  );

  app.get(
    '/v1/mirrors/:mirror/maintenance',
    {
      schema: {
        security: bearer,
        params: mirrorOnly,
        response: { 200: z.object({ windows: z.array(windowSchema) }) },
      },
      onRequest: both,
    },
    async (request) => {
      const { mirror } = doing(request, request.params.mirror);
      return { windows: (await listMaintenance(db, mirror)).map(windowView) };
    },
  );

  app.post(
    '/v1/mirrors/:mirror/maintenance',
    {
      schema: {
        security: bearer,
        params: mirrorOnly,
        body: newWindow,
        response: { 201: windowSchema },
      },
      onRequest: both,
    },
    async (request, reply) => {
      const window = request.body;
      const empty = {
        starts_at: null,
        ends_at: null,
        weekday: null,
        start_minute: null,
        minutes: null,
      };
      const asTime = (text: string) => new Date(text).toISOString();
      const wanted =
        'startsAt' in window
          ? { ...empty, starts_at: asTime(window.startsAt), ends_at: asTime(window.endsAt) }
          : {
              ...empty,
              weekday: window.weekday,
              start_minute: window.startMinute,
              minutes: window.minutes,
            };
      const row = await addMaintenance(doing(request, request.params.mirror), wanted);
      return reply.code(201).send(windowView(row));
    },
  );

  const windowParams = z.object({ mirror: name, id: z.string().max(64) });
  app.delete(
    '/v1/mirrors/:mirror/maintenance/:id',
    {
      schema: {
        security: bearer,
        params: windowParams,
        response: { 200: z.object({ id: z.string() }) },
      },
      onRequest: both,
    },
    async (request) => {
      const { mirror, id } = request.params;
      await removeMaintenance(doing(request, mirror), id);
      return { id };
    },
  );

  app.get(
    '/v1/mirrors/:mirror/operators',
    {
      schema: {
        security: bearer,
        params: mirrorOnly,
        response: { 200: z.object({ operators: z.array(operatorSchema) }) },
      },
      onRequest: both,
    },
    async (request) => {
      const { mirror } = doing(request, request.params.mirror);
      return { operators: await listOperators(db, mirror) };
    },
  );

  app.post(
    '/v1/mirrors/:mirror/operators',
    {
      schema: {
        security: bearer,
        params: mirrorOnly,
        body: z.strictObject({ label: line }),
        response: { 201: z.object({ id: z.string(), token: z.string() }) },
      },
      onRequest: both,
    },
    async (request, reply) => {
      const made = await addOperator(doing(request, request.params.mirror), request.body.label);
      return reply.code(201).send(made);
    },
  );

  app.delete(
    '/v1/mirrors/:mirror/operators/:id',
    {
      schema: {
        security: bearer,
        params: windowParams,
        response: { 200: z.object({ id: z.string() }) },
      },
      onRequest: both,
    },
    async (request) => {
      const { mirror, id } = request.params;
      await removeOperator(doing(request, mirror), id);
      return { id };
    },
  );
  done();
}

function windowView(row: MaintenanceRow): z.infer<typeof windowSchema> {
  const {
    id,
    starts_at: startsAt,
    ends_at: endsAt,
    weekday,
    start_minute: startMinute,
    minutes,
  } = row;
  return { id, startsAt, endsAt, weekday, startMinute, minutes };
}
