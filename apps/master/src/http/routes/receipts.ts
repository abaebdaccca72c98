import { pushStates } from '@pushmirror/trigger';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { countPushes } from '../../db/pushes.ts';
import { listReceipts } from '../../db/receipts.ts';
import { findRelease } from '../../db/releases.ts';
import { MasterError } from '../../errors.ts';
import { receiptOf } from '../../monitor/receipt.ts';
import { treeOf } from '../../registry/tree.ts';
import { tally } from '../../rollout/state.ts';
import type { Auth } from '../auth.ts';
import { bearer, name, serial, tallySchema } from './schemas.ts';

const time = z.string().nullable();
const receiptSchema = z.object({
  mirror: z.string(),
  tier: z.number(),
  sender: z.string().nullable(),
  state: z.enum(pushStates),
  attempts: z.number(),
  reason: z.string().nullable(),
  serves: z.boolean(),
  sentAt: time,
  acceptedAt: time,
  stagedAt: time,
  committedAt: time,
  observedAt: time,
  wave: z.number().nullable(),
  leftBehindAt: time,
});

export const receiptsSchema = z.object({
  archive: z.string(),
  serial: z.number(),
  /** When the pushes of this old release were deleted; those that still serve it are listed. */
  prunedAt: time,
  pushes: tallySchema,
  mirrors: z.array(receiptSchema),
  /** Ask for the next page with `?after=`; null on the last one. */
  next: z.string().nullable(),
});

/** `GET .../releases/N/mirrors`: who serves release N? */
export function receiptRoutes(
  base: FastifyInstance,
  { db, auth }: { db: Db; auth: Auth },
  done: () => void,
): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/archives/:archive/releases/:serial/mirrors',
    {
      schema: {
        description: 'What each mirror did with a release: sent, accepted, staged, committed.',
        security: bearer,
        params: z.object({ archive: name, serial }),
        querystring: z.object({
          after: z.string().max(255).default(''),
          limit: z.coerce.number().int().min(1).max(1000).default(200),
        }),
        response: { 200: receiptsSchema },
      },
      onRequest: auth.allow('admin', 'release-manager', 'operator'),
    },
    async (request) => {
      const { archive, serial: of } = request.params;
      const { after, limit } = request.query;
      const release = await findRelease(db, archive, of);
      if (release === undefined) {
        throw new MasterError('unknown-release', 'There is no such release of such an archive.');
      }
      const rows = await listReceipts(db, { archive, serial: of, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const tree = treeOf(await listMirrors(db));
      return {
        archive,
        serial: of,
        prunedAt: release.pruned_at,
        pushes: tally(await countPushes(db, { archive, serial: of })),
        mirrors: page.map((row) => receiptOf(row, of, tree.tier(row.mirror))),
        next: rows.length > limit ? (page.at(-1)?.mirror ?? null) : null,
      };
    },
  );
  done();
}
