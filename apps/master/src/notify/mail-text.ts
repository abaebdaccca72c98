import type { SubscriptionRow } from '../db/notice-schema.ts';
import type { Evidence } from '../monitor/probe/sighting.ts';
import { plainText } from '../registry/plain-text.ts';
import type { NoticeFacts } from './facts.ts';
import type { Message } from './message.ts';
import type { Place } from './webhook-body.ts';

/** A mail as people read it: plain text. */
export interface MailText {
  subject: string;
  text: string;
}

const LONGEST_SUBJECT = 150;
/** The page has the rest. */
const EVIDENCE_IN_DIGEST = 3;

/** Everything in it that came from outside is made one plain line first. */
export function mailText(message: Message, place: Place): MailText {
  const { deliveries, subscription } = message;
  const [{ told }] = deliveries;
  const all = deliveries.map((one) => JSON.parse(one.told.facts) as NoticeFacts);
  const [first] = all;
  if (first === undefined) throw new Error('A message holds a notice.');
  const body =
    told.kind === 'confirm'
      ? confirmation(first, subscription, place)
      : all.length === 1
        ? [line(first.title), '', ...details(first, place)]
        : digest(all, place);
  const title = all.length === 1 ? line(first.title) : `${all.length} notices`;
  const foot = told.kind === 'confirm' ? [] : ['', ...footer(subscription, place)];
  return {
    subject: plainText(`[${place.network}] ${title}`, LONGEST_SUBJECT),
    text: `${[...body, ...foot].join('\n')}\n`,
  };
}

function digest(all: readonly NoticeFacts[], place: Place): string[] {
  const titles = all.map(({ title }, index) => `  ${index + 1}. ${line(title)}`);
  const parts = all.flatMap((facts, index) => [
    '',
    '-'.repeat(72),
    `${index + 1}. ${line(facts.title)}`,
    '',
    ...details({ ...facts, evidence: facts.evidence.slice(0, EVIDENCE_IN_DIGEST) }, place),
  ]);
  return [...titles, ...parts];
}

function details(facts: NoticeFacts, { url }: Place): string[] {
  const { since, reason, seen, claimed, newest, certificateUntil, rollout } = facts;
  const rows: [string, string | null][] = [
    ['State', facts.state],
    ['Since', since === null ? null : time(since)],
    ['Why', reason],
    ['Ends', certificateUntil === null ? null : time(certificateUntil)],
    ['Looked at', facts.url],
    ['Seen there', seen === null ? null : `${serialWords(seen.serial)}, ${time(seen.at)}`],
    ['It reports', claimed === null ? null : claimWords(claimed)],
    ['Newest', newest === null ? null : `release ${newest.serial}, ${time(newest.publishedAt)}`],
    ['Mirrors', rollout === null ? null : `${rollout.committed} of ${rollout.total} have it`],
  ];
  const shown = rows.flatMap(([name, value]) =>
    value === null ? [] : [`${`${name}:`.padEnd(12)}${line(value)}`],
  );
  const lacking = (rollout?.lacking ?? []).map((one) => `  ${line(one)}`);
  return [
    ...shown,
    ...(lacking.length === 0 ? [] : ['', 'Without it:', ...lacking]),
    ...(facts.evidence.length === 0 ? [] : ['', 'What was asked, and what came:']),
    ...facts.evidence.flatMap(evidenceLines),
    '',
    `More: ${url}${facts.page}`,
  ];
}

function evidenceLines(one: Evidence): string[] {
  const { what, url, family, at, status, bytes, sha256, expected, error, ms, pastCache } = one;
  const way = family === null ? '' : `, IPv${family}`;
  const past = pastCache ? ', past caches' : '';
  const size = bytes === null ? '' : `, ${bytes} bytes`;
  const none = what === 'mark' && status === 404 ? 'none (404)' : `answered ${status ?? ''}`.trim();
  const came = error ?? none + size;
  const digests = [
    ...(sha256 === null ? [] : [`sha256 ${sha256}`]),
    ...(expected === null || expected === sha256 ? [] : [`wanted ${expected}`]),
  ];
  return [
    `  ${WHAT[what]}: ${line(url)}`,
    `    ${at.slice(11, 19)} UTC${way}${past}, ${Math.round(ms)} ms: ${line(came)}`,
    ...digests.map((digest) => `    ${line(digest)}`),
  ];
}

const WHAT: Record<Evidence['what'], string> = {
  head: 'head',
  trace: 'trace file',
  index: 'index',
  sample: 'a file',
  mark: 'mark of an update',
  rsync: 'rsync',
};

function confirmation(facts: NoticeFacts, { id }: SubscriptionRow, place: Place): string[] {
  return [
    `Somebody asked that notices of the mirror network ${place.network} are sent to this address:`,
    line(facts.state),
    '',
    'If it was you, confirm it with this code:',
    '',
    `    ${facts.code ?? ''}`,
    '',
    ...(facts.reason === null ? [] : [line(facts.reason), '']),
    `(Subscription ${id}; ${place.url}/)`,
    '',
    'If it was not you, do nothing: no notices will come.',
  ];
}

function footer({ id, scope, subject }: SubscriptionRow, { network, url }: Place): string[] {
  const about = scope === 'network' ? `the network ${network}` : `${scope} ${subject}`;
  const stop =
    scope === 'mirror'
      ? `mirror-agent notices --remove ${id}`
      : `mirror-master notice remove ${id}`;
  return [
    '-- ',
    `You get this because this address is subscribed to notices of ${about} at ${url}/`,
    `To stop: ${stop}`,
  ];
}

function claimWords({ serial, at, event, reason }: NonNullable<NoticeFacts['claimed']>): string {
  const said = event === null ? '' : `; last word: ${event}`;
  const when = at === null ? '' : `, ${time(at)}`;
  return `${serialWords(serial)}${said}${when}${reason === null ? '' : ` (${reason})`}`;
}

function serialWords(serial: number | null): string {
  return serial === null ? 'no release' : `release ${serial}`;
}

/** `2026-11-21 09:00 UTC` */
function time(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

const LONGEST_LINE = 600;

function line(text: string): string {
  return plainText(text, LONGEST_LINE);
}
