import { randomBytes } from 'node:crypto';
import { parseTarget } from '@pushmirror/net';
import { findArchive } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror } from '../db/mirrors.ts';
import type { Digest, SubscriptionRow } from '../db/notice-schema.ts';
import {
  deleteSubscription,
  findSubscription,
  insertSubscription,
  listSubscriptions,
  updateSubscription,
} from '../db/notice-subscriptions.ts';
import { dropWaiting } from '../db/notices.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { MasterError, unknownArchive, unknownMirror } from '../errors.ts';
import { addressIn, isMailAddress } from './address.ts';
import { askToConfirm, checkConfirmations, isCode } from './confirm.ts';
import { emitTo } from './emit.ts';
import { isZone } from './due.ts';
import { NO_FACTS } from './facts.ts';
import { noticeId } from './ids.ts';
import { KINDS_OF, type SubscribedKind } from './kinds.ts';
import { newWebhookSecret } from './sign.ts';

/** What somebody wants to hear, and where. */
export interface Wanted {
  scope: SubscriptionRow['scope'];
  /** A mirror or an archive; empty for the network. */
  subject: string;
  /** Empty: the address in the mirror's contact. */
  mail?: string | undefined;
  webhook?: string | undefined;
  /** All that make sense when left out. */
  kinds?: readonly SubscribedKind[] | undefined;
  digest: Digest;
  quiet?: { from: number; to: number } | undefined;
  zone: string;
}

/** Who asks, and what the settings allow. */
export interface Asking {
  db: Db;
  by: Actor;
  at: Date;
  /** Whose word confirms an address. */
  trusted: boolean;
  mayMail: boolean;
}

const MOST_EACH = 20;
const MOST_TRIES = 10;

/**
 * Subscribe an address, or change what a known one hears. A mail address hears nothing before the
 * code that is sent to it has come back, unless an administrator gave it. The secret of a webhook is
 * shown when it is made, and never again.
 *
 * @throws MasterError `invalid`, `unknown-mirror`, `unknown-archive`
 */
export function subscribe(
  { db, by, at, trusted, mayMail }: Asking,
  wanted: Wanted,
): Promise<{ row: SubscriptionRow; secret: string | null }> {
  return db.transaction().execute(async (trx) => {
    const address = await addressOf(trx, wanted, mayMail);
    const wishes = wishesOf(wanted);
    const { scope, subject } = wanted;
    const channel = wanted.webhook === undefined ? 'mail' : 'webhook';
    const all = await listSubscriptions(trx, { scope, subject });
    const known = all.find((one) => one.channel === channel && one.address === address);
    if (known === undefined && all.length >= MOST_EACH) {
      throw invalid(`There are ${MOST_EACH} subscriptions already: remove some.`);
    }
    const proven = channel === 'webhook' || trusted || known?.state === 'active';
    const state = proven ? 'active' : 'proving';
    const secret = known?.secret ?? (channel === 'webhook' ? newWebhookSecret() : null);
    const row: SubscriptionRow = {
      id: known?.id ?? randomBytes(4).toString('hex'),
      scope,
      subject,
      channel,
      address,
      secret,
      ...wishes,
      state,
      state_reason: null,
      code: null,
      code_tries: 0,
      failures: 0,
      added_at: known?.added_at ?? at.toISOString(),
      added_by: known?.added_by ?? by.name,
    };
    if (known === undefined) await insertSubscription(trx, row);
    else await updateSubscription(trx, row.id, row);
    const detail = { id: row.id, channel, address, state };
    await appendAudit(trx, at, by, { action: 'notice-subscribe', subject: nameOf(row), detail });
    if (state === 'proving') {
      await checkConfirmations(trx, row, at);
      await askToConfirm(trx, row, at);
    }
    return { row, secret: known === undefined ? secret : null };
  });
}

/**
 * Take the code that was sent to a mail address.
 *
 * @throws MasterError `invalid`
 */
export async function confirmAddress(
  { db, by, at }: Pick<Asking, 'db' | 'by' | 'at'>,
  row: SubscriptionRow,
  code: string,
): Promise<void> {
  const outcome = await db.transaction().execute(async (trx) => {
    const now = await findSubscription(trx, row.id);
    if (now?.state !== 'proving' || now.code === null) return 'nothing';
    if (now.code_tries >= MOST_TRIES) return 'too-often';
    if (!isCode(code, now.code)) {
      await updateSubscription(trx, row.id, { code_tries: now.code_tries + 1 });
      return 'wrong';
    }
    await updateSubscription(trx, row.id, { state: 'active', code: null, code_tries: 0 });
    const detail = { id: row.id };
    await appendAudit(trx, at, by, { action: 'notice-confirm', subject: nameOf(row), detail });
    return 'right';
  });
  if (outcome !== 'right') throw invalid(NOT_CONFIRMED[outcome]);
}

const NOT_CONFIRMED = {
  nothing: 'There is nothing to confirm.',
  wrong: 'That is not the code that was sent.',
  'too-often': 'A wrong code was given too often. Subscribe the address again for another one.',
};

/** No more notices; what waits is dropped. */
export function unsubscribe(
  { db, by, at }: Pick<Asking, 'db' | 'by' | 'at'>,
  row: SubscriptionRow,
): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await dropWaiting(trx, row.id, 'The subscription was removed.', at.toISOString());
    await deleteSubscription(trx, row.id);
    const detail = { id: row.id, address: row.address };
    await appendAudit(trx, at, by, { action: 'notice-unsubscribe', subject: nameOf(row), detail });
  });
}

/**
 * Send a notice that only says that notices arrive; returns its delivery's id.
 *
 * @throws MasterError `invalid` for an address that is not confirmed.
 */
export async function sendTest(
  { db, at }: Pick<Asking, 'db' | 'at'>,
  row: SubscriptionRow,
): Promise<string> {
  if (row.state !== 'active') throw invalid('Its address is not confirmed, or it has ended.');
  const id = noticeId('test', row.id, at.toISOString());
  const about = row.scope === 'network' ? 'the network' : `${row.scope} ${row.subject}`;
  const facts = {
    ...NO_FACTS,
    title: `a test notice for ${about}`,
    state: 'this is a test: notices arrive here',
    since: at.toISOString(),
    page: '/',
  };
  const scope = row.scope === 'mirror' ? { mirror: row.subject } : {};
  return db
    .transaction()
    .execute((trx) => emitTo(trx, { id, kind: 'test', ...scope, facts }, row, at));
}

/** @throws MasterError `invalid`, as if it were not there, for one of somebody else. */
export async function findOwn(
  db: DbOrTrx,
  id: string,
  owns: (row: SubscriptionRow) => boolean,
): Promise<SubscriptionRow> {
  const row = await findSubscription(db, id);
  if (row === undefined || !owns(row)) throw invalid('There is no such subscription.');
  return row;
}

async function addressOf(trx: DbOrTrx, wanted: Wanted, mayMail: boolean): Promise<string> {
  const { scope, subject, mail, webhook } = wanted;
  const mirror = scope === 'mirror' ? await findMirror(trx, subject) : undefined;
  if (scope === 'mirror' && (mirror === undefined || mirror.state === 'left')) {
    throw unknownMirror(subject);
  }
  if (scope === 'archive' && (await findArchive(trx, subject)) === undefined) {
    throw unknownArchive(subject);
  }
  if ((mail === undefined) === (webhook === undefined)) {
    throw invalid('Name a mail address or a webhook, one of the two.');
  }
  if (webhook !== undefined) return parseTarget(webhook).url.href;
  if (!mayMail) throw invalid('This network sends no mail: use a webhook.');
  const address = mail === '' ? addressIn(mirror?.contact ?? '') : mail;
  if (address !== undefined && isMailAddress(address)) return address;
  throw invalid(
    mail === ''
      ? 'There is no mail address in the contact of this mirror: name one.'
      : 'That is not a plain mail address such as mirror@example.org.',
  );
}

function wishesOf({ scope, kinds, digest, quiet, zone }: Wanted) {
  const possible = KINDS_OF[scope];
  const wanted = kinds ?? possible;
  const strange = wanted.find((kind) => !possible.includes(kind));
  if (strange !== undefined || wanted.length === 0) {
    throw invalid(
      `Of ${scope === 'network' ? 'the' : 'a'} ${scope} one hears: ${possible.join(', ')}.`,
    );
  }
  if (!isZone(zone)) throw invalid('The time zone is not known: use one such as "Europe/Berlin".');
  if (quiet !== undefined && quiet.from === quiet.to) {
    throw invalid('The quiet hours begin and end at the same time.');
  }
  return {
    kinds: JSON.stringify([...new Set(wanted)]),
    digest,
    quiet_from: quiet?.from ?? null,
    quiet_to: quiet?.to ?? null,
    zone,
  };
}

function nameOf({ scope, subject }: SubscriptionRow): string {
  return scope === 'network' ? 'network' : subject;
}

function invalid(message: string): MasterError {
  return new MasterError('invalid', message);
}
