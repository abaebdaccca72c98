import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import type { SubscriptionRow } from '../db/notice-schema.ts';
import { updateSubscription } from '../db/notice-subscriptions.ts';
import { countConfirmations } from '../db/notices.ts';
import type { DbOrTrx } from '../db/open.ts';
import { MasterError } from '../errors.ts';
import { emitTo } from './emit.ts';
import { NO_FACTS } from './facts.ts';
import { noticeId } from './ids.ts';

/** Nobody's mailbox is filled with requests that they did not make. */
const A_DAY = { address: 3, subject: 10, network: 500 };
const DAY_MS = 86_400_000;
/** Without those that are taken for others. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const CODE_LETTERS = 8;

/** @throws MasterError `too-many-registrations` when enough was asked of this address today. */
export async function checkConfirmations(
  trx: DbOrTrx,
  { address, scope, subject }: SubscriptionRow,
  at: Date,
): Promise<void> {
  const since = new Date(at.getTime() - DAY_MS).toISOString();
  const [ofAddress, ofSubject, ofAll] = [
    await countConfirmations(trx, { since, address }),
    scope === 'network' ? 0 : await countConfirmations(trx, { since, [scope]: subject }),
    await countConfirmations(trx, { since }),
  ];
  if (ofAddress < A_DAY.address && ofSubject < A_DAY.subject && ofAll < A_DAY.network) return;
  throw new MasterError(
    'too-many-registrations',
    'Enough codes were sent for today: try again tomorrow, or ask the administrators.',
  );
}

/** Send a new code to the address; the one before does not count any more. */
export async function askToConfirm(trx: DbOrTrx, row: SubscriptionRow, at: Date): Promise<void> {
  const code = Array.from({ length: CODE_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join(
    '',
  );
  await updateSubscription(trx, row.id, { code, code_tries: 0 });
  const about = row.scope === 'network' ? 'the whole network' : `the ${row.scope} ${row.subject}`;
  const how =
    row.scope === 'mirror'
      ? `mirror-agent notices --confirm ${row.id}:${code}`
      : `mirror-master notice confirm ${row.id} ${code}`;
  const facts = {
    ...NO_FACTS,
    title: 'confirm that notices may be sent to this address',
    state: `notices of ${about}`,
    reason: `That is: ${how}`,
    page: '/',
    code,
  };
  const id = noticeId('confirm', row.id, code);
  const { address, scope, subject } = row;
  const of = scope === 'network' ? {} : { [scope]: subject };
  await emitTo(trx, { id, kind: 'confirm', ...of, address, facts }, row, at);
}

/** In a time that says nothing of where they differ. */
export function isCode(given: string, code: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given.trim().toUpperCase()), digest(code));
}
