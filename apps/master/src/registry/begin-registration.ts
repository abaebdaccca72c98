import { randomBytes } from 'node:crypto';
import { listArchives } from '../db/archives.ts';
import { appendAudit } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import type { RegistrationRow } from '../db/registration-schema.ts';
import {
  countOpenRegistrations,
  expireRegistrations,
  insertRegistration,
} from '../db/registrations.ts';
import { MasterError } from '../errors.ts';
import { parseTarget } from '@pushmirror/net';
import { findGoodInvite } from './invites.ts';
import { checkNewMirror } from './new-mirror.ts';
import type { RegistrationPolicy } from './policy.ts';
import { challengeUrl } from './prove.ts';
import type { RegistrationRequest } from './registration-request.ts';
import { isOwnRsyncHost, RSYNC_HOST } from './rsync-host.ts';
import { makeToken } from './tokens.ts';

/** A registration that has begun; the two tokens are shown once. */
export interface Begun {
  row: RegistrationRow;
  /** Of the agent: also asks how the registration stands. */
  token: string;
  operatorToken: string;
}

const MOST_OPEN = 500;
const MOST_OPEN_PER_ADDRESS = 20;
const LONGEST_MS = 14 * 86_400_000;

/** Where the challenge stands below the public URL. */
export function challengePath(id: string): string {
  return `project/pushmirror/proof/${id}`;
}

/**
 * Take down what an operator asks for. Nothing is checked from outside yet, and the answer is the
 * same whether a mirror of that name is known or not.
 *
 * @throws MasterError `forbidden` without an invitation that counts, where one is needed or was
 * given; `too-many-registrations`, `unknown-archive`, `invalid`, `bad-url`.
 */
export function beginRegistration(
  db: Db,
  request: RegistrationRequest,
  o: { policy: RegistrationPolicy; origin: string; at: Date },
): Promise<Begun> {
  const { policy, origin, at } = o;
  return db.transaction().execute(async (trx) => {
    await expireRegistrations(
      trx,
      new Date(at.getTime() - LONGEST_MS).toISOString(),
      at.toISOString(),
    );
    const { invite: text, ...kept } = request;
    if (text === undefined && policy === 'invite') {
      throw new MasterError(
        'forbidden',
        'This network takes new mirrors by invitation only. Ask its administrators for one.',
      );
    }
    const invite = text === undefined ? undefined : await findGoodInvite(trx, text, kept.name, at);
    if (text !== undefined && invite === undefined) {
      throw new MasterError('forbidden', 'This invitation does not count. Ask for another one.');
    }
    await checkRoom(trx, origin);
    const archives = await listArchives(trx);
    checkNewMirror(
      { ...kept, kind: 'agent', upstream: undefined },
      { mirrors: [], archives, optIns: [] },
      at,
    );
    const { name, ssh, httpUrl, rsyncUrl } = kept;
    if (rsyncUrl !== undefined && !isOwnRsyncHost(rsyncUrl, { name, sshHost: ssh.host, httpUrl })) {
      throw new MasterError('invalid', RSYNC_HOST);
    }
    const id = randomBytes(8).toString('hex');
    if (kept.httpUrl !== undefined) checkUrl(kept.httpUrl, id);
    const about = { mirror: kept.name, label: kept.name, by: `registration ${id}`, at };
    const agent = makeToken({ role: 'agent', ...about });
    const operator = makeToken({ role: 'operator', ...about });
    const row: RegistrationRow = {
      id,
      mirror: kept.name,
      state: 'proving',
      renewal: 0,
      request: JSON.stringify(kept),
      challenge: `pushmirror ${id} ${randomBytes(24).toString('base64url')}`,
      invite: invite?.id ?? null,
      agent_token: agent.row.id,
      agent_sha256: agent.row.sha256,
      operator_token: operator.row.id,
      operator_sha256: operator.row.sha256,
      findings: null,
      checked_at: null,
      created_at: at.toISOString(),
      origin,
      decided_at: null,
      decided_by: null,
      reason: null,
    };
    await insertRegistration(trx, row);
    const detail = { registration: id, invite: row.invite, archives: kept.archives };
    const entry = { action: 'registration-begin', subject: kept.name, detail };
    await appendAudit(trx, at, { name: `registration ${id}`, origin }, entry);
    return { row, token: agent.token, operatorToken: operator.token };
  });
}

async function checkRoom(db: Parameters<typeof countOpenRegistrations>[0], origin: string) {
  const tooMany =
    (await countOpenRegistrations(db)) >= MOST_OPEN ||
    (await countOpenRegistrations(db, { origin })) >= MOST_OPEN_PER_ADDRESS;
  if (!tooMany) return;
  throw new MasterError(
    'too-many-registrations',
    'Too many registrations are open. Ask the administrators of this network to look through them.',
  );
}

function checkUrl(httpUrl: string, id: string): void {
  if (/[?#]/.test(httpUrl)) {
    throw new MasterError('bad-url', 'The public URL must end with a folder, without "?" or "#".');
  }
  parseTarget(challengeUrl(httpUrl, challengePath(id)));
}
