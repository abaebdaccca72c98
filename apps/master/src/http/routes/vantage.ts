import { vantageLooks, vantageTask } from '@pushmirror/probe';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Vantages } from '../../monitor/probe/vantage.ts';
import type { Auth } from '../auth.ts';
import { bearer, name } from './schemas.ts';

export interface VantageNeeds {
  auth: Auth;
  vantages: Vantages;
}

const LARGEST_LOOKS = 4 * 1024 * 1024;

/** Mirrors that look at others from where they are. */
export function vantageRoutes(base: FastifyInstance, needs: VantageNeeds, done: () => void): void {
  const { auth, vantages } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/vantage',
    {
      schema: { description: 'What to look at.', security: bearer, response: { 200: vantageTask } },
      onRequest: auth.allow('agent'),
    },
    (request) => vantages.task(auth.mirror(request)),
  );
  app.post(
    '/v1/vantage/looks',
    {
      bodyLimit: LARGEST_LOOKS,
      schema: {
        description: 'What was seen.',
        security: bearer,
        body: vantageLooks,
        response: { 200: z.object({ taken: z.number() }) },
      },
      onRequest: auth.allow('agent'),
    },
    async (request) => ({ taken: await vantages.take(auth.mirror(request), request.body.looks) }),
  );
  app.post(
    '/v1/mirrors/:mirror/vantage',
    {
      schema: {
        description: 'Ask a mirror to look at others, or no longer.',
        security: bearer,
        params: z.object({ mirror: name }),
        body: z.strictObject({ asked: z.boolean() }),
        response: { 200: z.object({ mirror: z.string(), asked: z.boolean() }) },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => {
      const { mirror } = request.params;
      const { asked } = request.body;
      await vantages.ask(mirror, asked, auth.caller(request));
      return { mirror, asked };
    },
  );
  done();
}
