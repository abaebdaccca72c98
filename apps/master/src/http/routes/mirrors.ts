import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listArchives } from '../../db/archives.ts';
import { findMirror, listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import type { MirrorRow } from '../../db/schema.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import { unknownMirror } from '../../errors.ts';
import { addMirror } from '../../registry/add-mirror.ts';
import { becomeAgent } from '../../registry/become-agent.ts';
import { operatorKit, type MasterFacts } from '../../registry/operator-kit.ts';
import { treeOf } from '../../registry/tree.ts';
import type { Auth } from '../auth.ts';
import { bearer, line, mirrorSchema, name } from './schemas.ts';
import { stockChange } from './stock-schema.ts';
import { mirrorView } from './views.ts';

export interface MirrorNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  /** What mirrors must know of the master; read anew each time, since keys rotate. */
  facts: () => MasterFacts;
  /** Told when who is pushed, or how, has changed. */
  onMirrorsChanged: () => Promise<void>;
}

const key = z.string().min(1).max(16_384);
const kitSchema = z.object({
  mirror: mirrorSchema,
  token: z.string().nullable(),
  agentConfig: z.string(),
  authorizedKeys: z.string(),
  allowedSigners: z.string(),
});
const newMirror = z.strictObject({
  name,
  kind: z.enum(['agent', 'ftpsync']).default('agent'),
  ssh: z.strictObject({
    host: z.string().min(1).max(255),
    port: z.int().min(1).max(65535).default(22),
    user: z.string().min(1).max(32),
  }),
  hostKey: key,
  pushKey: key.optional(),
  upstream: name.optional(),
  archives: z.array(z.string().min(1).max(64)).min(1).max(1000),
  httpUrl: z
    .url({
      protocol: /^https?$/,
      error: 'expected a URL such as "https://mirror.example.org/debian/"',
    })
    .max(500)
    .optional(),
  rsyncUrl: z
    .string()
    .max(300)
    .regex(/^rsync:\/\/[A-Za-z0-9.:[\]-]+$/, {
      error: 'expected a URL such as "rsync://mirror.example.org"',
    })
    .optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'expected two capital letters such as "DE"' })
    .optional(),
  contact: line.optional(),
  /** Its operators agreed that everybody may see the contact. */
  contactPublic: z.boolean().optional(),
  stock: stockChange.optional(),
});

export function mirrorRoutes(base: FastifyInstance, needs: MirrorNeeds, done: () => void): void {
  const { db, auth } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const readers = auth.allow('admin', 'release-manager');

  app.get(
    '/v1/mirrors',
    {
      schema: { security: bearer, response: { 200: z.object({ mirrors: z.array(mirrorSchema) }) } },
      onRequest: readers,
    },
    async () => {
      const all = await listMirrors(db);
      const mirrors = all.filter(({ state }) => state !== 'left');
      const optIns = await listOptIns(db);
      const tree = treeOf(all);
      return { mirrors: mirrors.map((row) => mirrorView(row, optIns, tree)) };
    },
  );

  app.get(
    '/v1/mirrors/:mirror',
    {
      schema: {
        security: bearer,
        params: z.object({ mirror: name }),
        response: { 200: mirrorSchema },
      },
      onRequest: auth.allow('admin', 'release-manager', 'operator'),
    },
    async (request) => {
      const { role, mirror: own } = auth.caller(request);
      const { mirror } = request.params;
      const mine = role !== 'operator' || own === mirror;
      const row = mine ? await findMirror(db, mirror) : undefined;
      if (row === undefined) throw unknownMirror(request.params.mirror);
      const optIns = await listOptIns(db, { mirror: row.name });
      return mirrorView(row, optIns, treeOf(await listMirrors(db)));
    },
  );

  app.post(
    '/v1/mirrors',
    {
      schema: {
        security: bearer,
        body: newMirror,
        response: { 201: kitSchema },
      },
      onRequest: auth.allow('admin'),
    },
    async (request, reply) => {
      const { row, token } = await addMirror(db, request.body, auth.caller(request), needs.now);
      return reply.code(201).send(await kitOf(row, token));
    },
  );

  app.post(
    '/v1/mirrors/:mirror/agent',
    {
      schema: {
        description: 'A mirror that ran the stock ftpsync runs an agent from now on.',
        security: bearer,
        params: z.object({ mirror: name }),
        response: { 201: kitSchema },
      },
      onRequest: auth.allow('admin'),
    },
    async (request, reply) => {
      const by = auth.caller(request);
      const { row, token } = await becomeAgent(db, request.params.mirror, by, needs.now());
      await needs.onMirrorsChanged();
      return reply.code(201).send(await kitOf(row, token));
    },
  );

  /** All that its operator needs, the token among it. */
  async function kitOf(row: MirrorRow, token: string | undefined) {
    const mirrors = await listMirrors(db);
    const optIns = await listOptIns(db, { mirror: row.name });
    const wanted = new Set(optIns.map(({ archive }) => archive));
    const archives = (await listArchives(db)).filter((archive) => wanted.has(archive.name));
    const kit = operatorKit(row, archives, mirrors, needs.facts());
    return { mirror: mirrorView(row, optIns, treeOf(mirrors)), token: token ?? null, ...kit };
  }
  done();
}
