import type { FastifyInstance } from 'fastify';
import { listArchives } from '../../db/archives.ts';
import type { Db } from '../../db/open.ts';

export interface HealthNeeds {
  db: Db;
}

/** `/healthz`: the process answers. `/readyz`: and its database does. */
export function healthRoutes(app: FastifyInstance, { db }: HealthNeeds, done: () => void): void {
  app.get('/healthz', { schema: { hide: true } }, () => ({ ok: true }));
  app.get('/readyz', { schema: { hide: true } }, async () => {
    await listArchives(db);
    return { ok: true };
  });
  done();
}
