import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Db } from '../../db/open.ts';
import { currentRelease } from '../../db/releases.ts';
import { MasterError } from '../../errors.ts';
import { name } from './schemas.ts';

/**
 * The signed head of an archive as it is public, byte for byte, for anybody: agents ask here now
 * and then, so that an upstream that withholds news is noticed.
 */
export function headRoutes(base: FastifyInstance, { db }: { db: Db }, done: () => void): void {
  const app = base.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/archives/:archive/head',
    { schema: { params: z.object({ archive: name }) } },
    async (request, reply) => {
      const release = await currentRelease(db, request.params.archive);
      if (release === undefined) {
        throw new MasterError('unknown-release', 'There is no release of such an archive.');
      }
      return reply
        .type('text/plain; charset=us-ascii')
        .header('cache-control', 'no-cache')
        .send(Buffer.from(release.head, 'latin1'));
    },
  );
  done();
}
