import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { addArchive } from '../../archive/add.ts';
import { listArchives } from '../../db/archives.ts';
import type { Db } from '../../db/open.ts';
import { currentRelease } from '../../db/releases.ts';
import type { Auth } from '../auth.ts';
import { archiveSchema, bearer, name } from './schemas.ts';
import { archiveView } from './views.ts';

export interface ArchiveNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** What a release may drop where the archive does not say otherwise. */
  deleteLimit: number;
  /** Told when the set of archives changed: the rsync daemon has one module more. */
  onArchivesChanged: () => Promise<void>;
}

const newArchive = z.strictObject({
  name,
  path: z.string().min(1).max(4096),
  profile: z.enum(['debian', 'rpm', 'arch', 'alpine', 'generic']).default('debian'),
  mode: z.enum(['manifest', 'classic']).default('manifest'),
  epoch: z.int().positive().default(1),
  deleteLimit: z.int().nonnegative().optional(),
});

export function archiveRoutes(base: FastifyInstance, needs: ArchiveNeeds, done: () => void): void {
  const { db, auth, now } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/v1/archives',
    {
      schema: {
        security: bearer,
        response: { 200: z.object({ archives: z.array(archiveSchema) }) },
      },
      onRequest: auth.allow('admin', 'release-manager', 'operator'),
    },
    async () => {
      const rows = await listArchives(db);
      const serials = rows.map(async (row) => (await currentRelease(db, row.name))?.serial);
      const known = await Promise.all(serials);
      return { archives: rows.map((row, index) => archiveView(row, known[index])) };
    },
  );

  app.post(
    '/v1/archives',
    {
      schema: { security: bearer, body: newArchive, response: { 201: archiveSchema } },
      onRequest: auth.allow('admin'),
    },
    async (request, reply) => {
      const archive = {
        ...request.body,
        deleteLimit: request.body.deleteLimit ?? needs.deleteLimit,
      };
      const row = await addArchive(db, archive, auth.caller(request), now);
      await needs.onArchivesChanged();
      return reply.code(201).send(archiveView(row, undefined));
    },
  );
  done();
}
