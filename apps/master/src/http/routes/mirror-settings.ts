import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { setMirror } from '../../registry/mirror-settings.ts';
import { stockOf } from '../../registry/stock.ts';
import type { Auth } from '../auth.ts';
import { bearer, name } from './schemas.ts';
import { stockChange, stockSchema } from './stock-schema.ts';

export interface MirrorSettingsNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** Told when who is pushed, or how, has changed. */
  onMirrorsChanged: () => Promise<void>;
}

export const mirrorSettingsSchema = z.object({
  mirror: z.string(),
  /** Null is the default of its tier. */
  slots: z.number().nullable(),
  standing: z.boolean(),
  /** Null of an agent. */
  stock: stockSchema.nullable(),
});

/** `mirror set`: how a mirror is treated. */
export function mirrorSettingsRoutes(
  base: FastifyInstance,
  needs: MirrorSettingsNeeds,
  done: () => void,
): void {
  const { db, auth } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.post(
    '/v1/mirrors/:mirror/settings',
    {
      schema: {
        security: bearer,
        params: z.object({ mirror: name }),
        body: z.strictObject({
          slots: z.int().min(1).max(10_000).nullable().optional(),
          standing: z.boolean().optional(),
          stock: stockChange.optional(),
        }),
        response: { 200: mirrorSettingsSchema },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => {
      const by = auth.caller(request);
      const row = await setMirror(db, request.params.mirror, request.body, by, needs.now());
      await needs.onMirrorsChanged();
      return {
        mirror: row.name,
        slots: row.slots,
        standing: row.standing === 1,
        stock: stockOf(row) ?? null,
      };
    },
  );
  done();
}
