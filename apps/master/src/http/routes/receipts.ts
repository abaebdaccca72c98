import { pushStates } from '@pushmirror/trigger';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { countPushes } from '../../db/pushes.ts';
import { listReceipts } from '../../db/receipts.ts';
import { findRelease } from '../../db/releases.ts';
import { MasterError, unknownRelease } from '../../errors.ts';
import { adoptedBy } from '../../db/takeovers.ts';
import { receiptOf } from '../../monitor/receipt.ts';
import { treeOf, type Tree } from '../../registry/tree.ts';
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
  { db, auth, onHeard }: { db: Db; auth: Auth; onHeard: (mirror: string) => void },
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
          /** Only the downstreams of this mirror. A hub may ask about its own. */
          upstream: name.optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(200),
        }),
        response: { 200: receiptsSchema },
      },
      onRequest: auth.allow('admin', 'release-manager', 'operator', 'agent'),
    },
    async (request) => {
      const { archive, serial: of } = request.params;
      const { after, limit, upstream } = request.query;
      const caller = auth.caller(request);
      if (caller.role === 'agent') {
        if (upstream === undefined || upstream !== caller.mirror) {
          throw new MasterError('forbidden', 'A mirror may ask about its own downstreams only.');
        }
        onHeard(upstream);
      }
      const release = await findRelease(db, archive, of);
      if (release === undefined) {
        throw unknownRelease(archive, of);
      }
      const tree = treeOf(await listMirrors(db));
      const mirrors = upstream === undefined ? {} : { mirrors: await sentBy(db, upstream, tree) };
      const wanted = { archive, serial: of, after, limit: limit + 1, ...mirrors };
      const rows = await listReceipts(db, wanted);
      const page = rows.slice(0, limit);
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

/** Whom a hub pushes: its own downstreams, and those of a dead hub below it. */
async function sentBy(db: Db, hub: string, tree: Tree): Promise<string[]> {
  const own = (await listMirrors(db)).filter(({ name: one }) => tree.senderOf(one) === hub);
  const adopted = await adoptedBy(db, hub);
  return [...new Set([...own.map(({ name: one }) => one), ...adopted.map(({ mirror }) => mirror)])];
}
