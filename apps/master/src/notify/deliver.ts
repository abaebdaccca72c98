import pLimit from 'p-limit';
import { within } from '@pushmirror/host';
import type { GuardedClient } from '@pushmirror/net';
import type { Logger } from 'pino';
import {
  findSubscription,
  listSubscriptions,
  updateSubscription,
} from '../db/notice-subscriptions.ts';
import {
  countMails,
  dropWaiting,
  dueDeliveries,
  firstMessage,
  holdBack,
  updateDeliveries,
} from '../db/notices.ts';
import type { Db } from '../db/open.ts';
import { mailText } from './mail-text.ts';
import { messagesOf, type Message } from './message.ts';
import { nextAttempt, type Outcome } from './outcome.ts';
import type { Mailer } from './send-mail.ts';
import { callWebhook } from './send-webhook.ts';
import { webhookBody, type Place } from './webhook-body.ts';

export interface DeliverOptions {
  db: Db;
  now: () => Date;
  random: () => number;
  place: () => Place;
  /** Undefined where the settings have no mail server. */
  mailer: Mailer | undefined;
  client: Pick<GuardedClient, 'post'>;
  userAgent: string;
  mailsAnHour: number;
  retry: { minMs: number; maxMs: number; forMs: number };
  logger: Pick<Logger, 'info' | 'warn'>;
}

const A_ROUND = 500;
const AT_ONCE = 8;
const MAIL_DEADLINE_MS = 60_000;
const HOUR_MS = 3_600_000;
const PUT_OFF_MS = 60_000;
/** So many messages in a row were given up: nobody takes them there. */
const MOST_FAILURES = 5;

/**
 * Send what is due, once. A message's id is on the disk before its first attempt: whoever is killed
 * between sending and noting it sends it again under that id, and receivers can tell.
 *
 * @returns how many messages left.
 */
export async function deliverDue(o: DeliverOptions, signal: AbortSignal): Promise<number> {
  const messages = await prepare(o);
  const limit = pLimit(AT_ONCE);
  let mailsLeft = await mailsLeftOf(o, messages);
  const sendOne = async (message: Message): Promise<boolean> => {
    if (signal.aborted) return false;
    if (message.subscription.channel === 'mail') {
      if (mailsLeft === 0) return putOff(o, message);
      mailsLeft -= 1;
    }
    const outcome = await attempt(o, message, signal);
    // What was broken off has not failed.
    if (signal.aborted && outcome.state !== 'sent') return false;
    if (outcome.state === 'again' && outcome.everybody === true) mailsLeft = 0;
    await note(o, message, outcome);
    return outcome.state === 'sent';
  };
  /** To one address in their order, as far as it takes them. */
  const sendAll = async (all: readonly Message[]): Promise<number> => {
    let sent = 0;
    for (const message of all) {
      if (!(await sendOne(message))) break;
      sent += 1;
    }
    return sent;
  };
  const sent = await Promise.all(byAddress(messages).map((all) => limit(() => sendAll(all))));
  return sent.reduce((a, b) => a + b, 0);
}

function byAddress(messages: readonly Message[]): Message[][] {
  const groups = new Map<string, Message[]>();
  for (const message of messages) {
    const { id } = message.subscription;
    groups.set(id, [...(groups.get(id) ?? []), message]);
  }
  return [...groups.values()];
}

/** What is due, in messages that are written down. */
function prepare({ db, now }: DeliverOptions): Promise<Message[]> {
  return db.transaction().execute(async (trx) => {
    const at = now().toISOString();
    const due = await dueDeliveries(trx, at, A_ROUND);
    if (due.length === 0) return [];
    const ids = [...new Set(due.map(({ subscription }) => subscription))];
    const known = await listSubscriptions(trx, { ids });
    for (const id of ids.filter((one) => !known.some((row) => row.id === one))) {
      await dropWaiting(trx, id, 'The subscription is gone.', at);
    }
    const messages = messagesOf(due, new Map(known.map((row) => [row.id, row])));
    for (const { id, deliveries } of messages) {
      const fresh = deliveries.filter(({ message }) => message === null);
      if (fresh.length > 0) await updateDeliveries(trx, fresh.map(idOf), { message: id });
    }
    return messages;
  });
}

async function mailsLeftOf(o: DeliverOptions, messages: readonly Message[]): Promise<number> {
  if (!messages.some(({ subscription }) => subscription.channel === 'mail')) return 0;
  const since = new Date(o.now().getTime() - HOUR_MS).toISOString();
  return Math.max(0, o.mailsAnHour - (await countMails(o.db, since)));
}

/** No mail leaves now: it gives way to webhooks, and is looked at again soon. */
async function putOff({ db, now }: DeliverOptions, { deliveries }: Message): Promise<false> {
  const due_at = new Date(now().getTime() + PUT_OFF_MS).toISOString();
  await updateDeliveries(db, deliveries.map(idOf), { due_at });
  return false;
}

function attempt(o: DeliverOptions, message: Message, signal: AbortSignal): Promise<Outcome> {
  return message.subscription.channel === 'mail'
    ? mail(o, message, within(MAIL_DEADLINE_MS, signal))
    : webhook(o, message, signal);
}

async function mail(o: DeliverOptions, message: Message, signal: AbortSignal): Promise<Outcome> {
  const { id, subscription, deliveries } = message;
  if (o.mailer === undefined) {
    return { state: 'again', reason: 'The settings have no [mail] section any more.' };
  }
  const [{ told }] = deliveries;
  const incident = deliveries.length === 1 ? told.incident : null;
  const of = { incident: incident ?? '', subscription: subscription.id };
  const after = incident === null ? undefined : await firstMessage(o.db, of);
  const kind = deliveries.length === 1 ? told.kind : 'digest';
  const text = mailText(message, o.place());
  return o.mailer.send({ id, to: subscription.address, ...text, after, kind }, signal);
}

function webhook(o: DeliverOptions, message: Message, signal: AbortSignal): Promise<Outcome> {
  const { id, subscription } = message;
  const body = webhookBody(message, o.place());
  const { address: url, secret } = subscription;
  if (secret === null) throw new Error('A webhook has a secret.');
  return callWebhook({ id, url, body, secret, at: o.now() }, { ...o, signal });
}

/** Write down what became of a message. */
function note(o: DeliverOptions, { id, subscription, deliveries }: Message, outcome: Outcome) {
  const [first] = deliveries;
  return o.db.transaction().execute(async (trx) => {
    const at = o.now();
    const attempts = first.attempts + 1;
    const ids = deliveries.map(idOf);
    const ended = { attempts, ended_at: at.toISOString() };
    const about = { message: id, subscription: subscription.id, attempts };
    if (outcome.state === 'sent') {
      o.logger.info(about, 'a notice was sent');
      await updateDeliveries(trx, ids, { ...ended, state: 'sent', error: null });
      if (subscription.failures > 0)
        await updateSubscription(trx, subscription.id, { failures: 0 });
      return;
    }
    const { reason } = outcome;
    const late = at.getTime() - Date.parse(first.created_at) >= o.retry.forMs;
    if (outcome.state === 'again' && !late) {
      const due = nextAttempt(at, attempts, { ...o.retry, random: o.random() }).toISOString();
      await updateDeliveries(trx, ids, { attempts, error: reason, due_at: due });
      await holdBack(trx, subscription.id, due); // What is behind it would fare no better.
      return;
    }
    o.logger.warn({ ...about, reason }, 'a notice was given up');
    await updateDeliveries(trx, ids, { ...ended, state: 'failed', error: reason });
    const now = await findSubscription(trx, subscription.id);
    if (now === undefined) return;
    const failures = now.failures + 1;
    const over = outcome.state === 'gone' || failures >= MOST_FAILURES;
    if (!over || now.state !== 'active') {
      await updateSubscription(trx, now.id, { failures });
      return;
    }
    await updateSubscription(trx, now.id, { failures, state: 'ended', state_reason: reason });
    await dropWaiting(trx, now.id, 'The subscription has ended.', at.toISOString());
  });
}

function idOf({ id }: { id: string }): string {
  return id;
}
