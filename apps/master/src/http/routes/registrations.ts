import { normalizeIP } from '@fastify/rate-limit';
import { AclError, fingerprint, parsePublicKey } from '@pushmirror/acl';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listArchives } from '../../db/archives.ts';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import type { RegistrationRow } from '../../db/registration-schema.ts';
import type { Access } from '../../access/access.ts';
import { hiddenArchives, mustRegister } from '../../access/may.ts';
import { findRegistration, openRegistrations } from '../../db/registrations.ts';
import { currentRelease } from '../../db/releases.ts';
import type { MirrorRow } from '../../db/schema.ts';
import { MasterError, unknownMirror } from '../../errors.ts';
import { challengePath } from '../../registry/begin-registration.ts';
import { findingsSchema, missingIn } from '../../registry/findings.ts';
import { sourcesAbove, type MasterFacts } from '../../registry/operator-kit.ts';
import type { RegistrationPolicy } from '../../registry/policy.ts';
import { keptRequest, registrationRequest } from '../../registry/registration-request.ts';
import type { Registrations } from '../../registry/registrations.ts';
import { othersWithHostKey } from '../../registry/same-host-key.ts';
import { matchesToken } from '../../registry/tokens.ts';
import type { Auth } from '../auth.ts';
import {
  networkSchema,
  registrationSchema,
  reviewSchema,
  setUpSchema,
} from './registration-schemas.ts';
import { bearer, line, name } from './schemas.ts';

export interface RegistrationNeeds {
  access: Access;
  now: () => Date;
  db: Db;
  auth: Auth;
  registrations: Registrations;
  registrationPolicy: RegistrationPolicy;
  facts: () => MasterFacts;
}

const id = z.string().regex(/^[0-9a-f]{16}$/);
/** By address alone, whatever token a stranger makes up. */
const byAddress = (max: number) => ({
  rateLimit: {
    max,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => normalizeIP(request.ip, 64),
  },
});
const NONE = { agent_sha256: '0'.repeat(64) };

/** Registration by operators, and the administrators' word on it. */
export function registrationRoutes(
  base: FastifyInstance,
  needs: RegistrationNeeds,
  done: () => void,
): void {
  const { db, auth, registrations } = needs;
  const app = base.withTypeProvider<ZodTypeProvider>();

  /** Who began a registration asks with its token; unknown and wrong sound the same. */
  const mine = async (request: FastifyRequest, wanted: string): Promise<RegistrationRow> => {
    auth.throttle(request);
    const token = /^Bearer (\S{1,200})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const row = await findRegistration(db, wanted);
    const sha256 = (row ?? NONE).agent_sha256;
    if (matchesToken({ sha256, revoked_at: null }, token) && row !== undefined) return row;
    auth.failed(request);
    throw new MasterError('unauthorised', 'There is no such registration with this token.');
  };

  app.get('/v1/network', { schema: { response: { 200: networkSchema } } }, async () => {
    const { network, pushKey } = needs.facts();
    const archives = [];
    const hidden = hiddenArchives(await needs.access.policy(), needs.now());
    for (const { name: archive, profile } of await listArchives(db)) {
      if (hidden.has(archive)) continue;
      const bytes = (await currentRelease(db, archive))?.bytes ?? 0;
      archives.push({ name: archive, profile, bytes });
    }
    return { network, policy: needs.registrationPolicy, pushKey, archives };
  });

  app.post(
    '/v1/registrations',
    {
      schema: {
        body: registrationRequest,
        response: {
          201: z.object({
            registration: registrationSchema,
            token: z.string(),
            operatorToken: z.string(),
          }),
        },
      },
      config: byAddress(20),
    },
    async (request, reply) => {
      auth.throttle(request);
      const { name: mirror, archives, hostKey, pushKey } = request.body;
      const keys = [hostKey, pushKey].flatMap((line) => printOf(line) ?? []);
      await mustRegister(needs.access, { mirror, archives, keys, from: request.ip }, needs.now);
      const begun = await registrations.begin(request.body, request.ip).catch((error: unknown) => {
        if (error instanceof MasterError && error.code === 'forbidden') auth.failed(request);
        throw error;
      });
      const { row, token, operatorToken } = begun;
      return reply.code(201).send({ registration: registrationView(row), token, operatorToken });
    },
  );

  app.get(
    '/v1/registrations/:id',
    { schema: { params: z.object({ id }), response: { 200: registrationSchema } } },
    async (request) => registrationView(await mine(request, request.params.id)),
  );

  app.post(
    '/v1/registrations/:id/check',
    {
      schema: { params: z.object({ id }), response: { 200: registrationSchema } },
      config: byAddress(60),
    },
    async (request) => {
      const row = await mine(request, request.params.id);
      return registrationView(await registrations.check(row.id));
    },
  );

  app.get(
    '/v1/set-up',
    {
      schema: { security: bearer, response: { 200: setUpSchema } },
      onRequest: auth.allow('agent'),
    },
    async (request) => setUpOf(db, auth.mirror(request), needs.facts()),
  );

  app.get(
    '/v1/registrations',
    {
      schema: {
        security: bearer,
        response: { 200: z.object({ registrations: z.array(reviewSchema) }) },
      },
      onRequest: auth.allow('admin'),
    },
    async () => {
      const mirrors = await listMirrors(db);
      const open = await openRegistrations(db);
      return { registrations: open.map((row) => reviewView(row, mirrors)) };
    },
  );

  const which = z.object({ which: name });
  app.post(
    '/v1/registrations/:which/approve',
    {
      schema: {
        security: bearer,
        params: which,
        body: z.strictObject({ upstream: name.optional() }),
        response: { 200: reviewSchema },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => {
      const { upstream } = request.body;
      const by = auth.caller(request);
      const row = await registrations.approve(request.params.which, by, upstream);
      return reviewView(row, await listMirrors(db));
    },
  );

  app.post(
    '/v1/registrations/:which/refuse',
    {
      schema: {
        security: bearer,
        params: which,
        body: z.strictObject({ reason: line }),
        response: { 200: reviewSchema },
      },
      onRequest: auth.allow('admin'),
    },
    async (request) => {
      const by = auth.caller(request);
      const row = await registrations.refuse(request.params.which, by, request.body.reason);
      return reviewView(row, await listMirrors(db));
    },
  );
  done();
}

async function setUpOf(
  db: Db,
  mirror: string,
  facts: MasterFacts,
): Promise<z.infer<typeof setUpSchema>> {
  const mirrors = await listMirrors(db);
  const row = mirrors.find((one) => one.name === mirror);
  if (row === undefined) throw unknownMirror(mirror);
  const wanted = new Set((await listOptIns(db, { mirror })).map(({ archive }) => archive));
  const archives = (await listArchives(db)).filter((archive) => wanted.has(archive.name));
  return {
    network: facts.network,
    name: row.name,
    url: facts.url,
    allowedSigners: facts.allowedSigners,
    sources: sourcesAbove(row, mirrors, facts),
    archives: archives.map(({ name: archive, profile }) => ({ name: archive, profile })),
  };
}

function registrationView(row: RegistrationRow): z.infer<typeof registrationSchema> {
  const findings = row.findings === null ? null : findingsSchema.parse(JSON.parse(row.findings));
  const missing = findings === null ? { required: [], advised: [] } : missingIn(findings);
  return {
    id: row.id,
    mirror: row.mirror,
    state: row.state,
    renewal: row.renewal === 1,
    challenge: { path: challengePath(row.id), text: row.challenge },
    missing: missing.required,
    advised: missing.advised,
    findings,
    createdAt: row.created_at,
    checkedAt: row.checked_at,
    decidedAt: row.decided_at,
    reason: row.reason,
  };
}

function reviewView(
  row: RegistrationRow,
  mirrors: readonly MirrorRow[],
): z.infer<typeof reviewSchema> {
  const { origin, invite, decided_by: decidedBy } = row;
  const request = keptRequest.parse(JSON.parse(row.request));
  const sameHostKeyAs = othersWithHostKey(mirrors, row.mirror, request.hostKey);
  return { ...registrationView(row), origin, invite, decidedBy, sameHostKeyAs, request };
}

/** Undefined for what is no key; the registration itself says so. */
function printOf(line: string | undefined): string | undefined {
  try {
    return line === undefined ? undefined : fingerprint(parsePublicKey(line).blob);
  } catch (error) {
    if (error instanceof AclError) return undefined;
    throw error;
  }
}
