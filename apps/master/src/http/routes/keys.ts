import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { listKeys } from '../../access/keys.ts';
import { confirmHostKey } from '../../access/host-keys.ts';
import { rotateSecrets } from '../../access/rotate.ts';
import { findMirror, listMirrors } from '../../db/mirrors.ts';
import type { Actor } from '../../db/audit.ts';
import type { Db } from '../../db/open.ts';
import { unknownMirror } from '../../errors.ts';
import type { RotateOptions } from '../../keys/rotate.ts';
import type { Rotation } from '../../keys/rotation.ts';
import type { MasterFacts } from '../../registry/operator-kit.ts';
import type { Auth } from '../auth.ts';
import { accountsSchema, announcedSchema, keySchema, rotatedSchema } from './access-schemas.ts';
import { bearer, name } from './schemas.ts';

const LONGEST_OVERLAP_S = 90 * 86_400;
const seconds = z.int().min(0).max(LONGEST_OVERLAP_S);

const printedFingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, {
  error: 'expected one as ssh-keygen -l prints it: SHA256 and 43 letters',
});

export interface KeyNeeds {
  db: Db;
  auth: Auth;
  now: () => Date;
  network: string;
  access: Access;
  facts: () => MasterFacts;
  /** Announce a new key of the master. */
  rotateKey: (o: RotateOptions, by: Actor) => Promise<Rotation>;
  /** The texts on who may sign, one after the other. */
  signersText: () => Promise<Buffer>;
  /** A mirror's host key was confirmed: what waited for that can go on. */
  onHostKeyConfirmed: (mirror: string, by: Actor) => Promise<void>;
}

/** The keys that the network goes by, and new rsync secrets, for administrators. */
export function keyRoutes(base: FastifyInstance, needs: KeyNeeds, done: () => void): void {
  const { db, auth, now, network, access, facts } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();
  const onRequest = auth.allow('admin');

  app.get(
    '/v1/keys',
    {
      schema: { security: bearer, response: { 200: z.object({ keys: z.array(keySchema) }) } },
      onRequest,
    },
    async () => {
      await access.refresh();
      return { keys: listKeys(await access.policy(), await listMirrors(db), facts()) };
    },
  );

  app.get(
    '/v1/mirrors/:mirror/rsync-accounts',
    {
      schema: {
        security: bearer,
        params: z.object({ mirror: name }),
        response: { 200: accountsSchema },
      },
      onRequest,
    },
    async (request) => {
      const { mirror } = request.params;
      if ((await findMirror(db, mirror)) === undefined) {
        throw unknownMirror(mirror);
      }
      await access.refresh();
      return { accounts: (await access.answerFor(mirror)).upstreams };
    },
  );

  app.post(
    '/v1/keys/rsync',
    {
      schema: {
        security: bearer,
        body: z.strictObject({
          mirror: name.optional(),
          overlapSeconds: z.int().min(0).max(LONGEST_OVERLAP_S),
        }),
        response: { 200: rotatedSchema },
      },
      onRequest,
    },
    async (request) => {
      const { mirror, overlapSeconds } = request.body;
      const o = { mirror, overlapMs: overlapSeconds * 1000 };
      const rotated = await rotateSecrets(db, network, o, auth.caller(request), now);
      await access.refresh();
      return rotated;
    },
  );

  app.post(
    '/v1/keys/:kind',
    {
      schema: {
        description: 'Announce a new key of the master: the old one is accepted beside it.',
        security: bearer,
        params: z.object({ kind: z.enum(['signing', 'push']) }),
        body: z.strictObject({ leadSeconds: seconds, overlapSeconds: seconds }),
        response: { 200: announcedSchema },
      },
      onRequest,
    },
    async (request) => {
      const { leadSeconds, overlapSeconds } = request.body;
      const { kind } = request.params;
      const o = { kind, leadMs: leadSeconds * 1000, overlapMs: overlapSeconds * 1000 };
      const { next, switchAt, until } = await needs.rotateKey(o, auth.caller(request));
      return {
        next: fingerprint(parsePublicKey(next).blob),
        switchAt: switchAt.toISOString(),
        acceptedUntil: until.toISOString(),
      };
    },
  );

  app.get(
    '/v1/signers',
    {
      schema: {
        description: 'The signed texts on who may sign, oldest first.',
        produces: ['text/plain'],
        response: { 200: z.custom<Buffer>() },
      },
    },
    async (_, reply) => reply.type('text/plain').send(await needs.signersText()),
  );

  app.post(
    '/v1/mirrors/:mirror/confirm-key',
    {
      schema: {
        description: 'Say that a host key that is held is the real one.',
        security: bearer,
        params: z.object({ mirror: name }),
        body: z.strictObject({ fingerprint: printedFingerprint }),
        response: { 200: z.object({ kind: z.enum(['host', 'source']) }) },
      },
      onRequest: auth.allow('admin', 'operator'),
    },
    async (request) => {
      const { mirror } = request.params;
      const by = auth.caller(request);
      const isTheirs = by.role === 'admin' || by.mirror === mirror;
      if (!isTheirs || (await findMirror(db, mirror)) === undefined) {
        throw unknownMirror(mirror);
      }
      const kind = await confirmHostKey(db, { mirror, ...request.body }, by, now);
      await access.refresh();
      if (kind === 'host') await needs.onHostKeyConfirmed(mirror, by);
      return { kind };
    },
  );
  done();
}
