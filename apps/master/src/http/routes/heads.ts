import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { publicRelease } from '../../db/releases.ts';
import { MasterError } from '../../errors.ts';
import { newestHold } from '../../db/holds.ts';
import { name } from './schemas.ts';

/**
 * The signed head of an archive as it is public, byte for byte, for anybody: agents ask here now
 * and then, so that an upstream that withholds news is noticed.
 */
export function headRoutes(base: FastifyInstance, { db }: { db: Db }, done: () => void): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  const schema = {
    params: z.object({ archive: name }),
    produces: ['text/plain'],
    response: { 200: z.custom<Buffer>() },
  };
  app.get('/v1/archives/:archive/head', { schema }, async (request, reply) => {
    const release = await publicRelease(db, request.params.archive);
    if (release === undefined) {
      throw new MasterError('unknown-release', 'There is no release of such an archive.');
    }
    return reply
      .type('text/plain; charset=us-ascii')
      .header('cache-control', 'no-cache')
      .send(Buffer.from(release.head, 'latin1'));
  });

  /** The newest hold, or the release from one, as it lies in the tree. */
  app.get('/v1/archives/:archive/hold', { schema }, async (request, reply) => {
    const hold = await newestHold(db, request.params.archive);
    if (hold === undefined) {
      throw new MasterError('unknown-release', 'Nothing of such an archive was ever held.');
    }
    return reply
      .type('text/plain; charset=us-ascii')
      .header('cache-control', 'no-cache')
      .send(Buffer.from(hold.text, 'latin1'));
  });
  done();
}
