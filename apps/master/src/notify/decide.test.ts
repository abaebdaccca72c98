import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SubscriptionRow, WatchRow } from '../db/notice-schema.ts';
import type { Delivery } from '../db/notices.ts';
import type { SightState } from '../monitor/probe/states.ts';
import { addressIn, isMailAddress } from './address.ts';
import { dueAt, isQuiet, localOf, quietEnd } from './due.ts';
import { NO_FACTS, type NoticeFacts } from './facts.ts';
import { mailText } from './mail-text.ts';
import { messagesOf } from './message.ts';
import { nextAttempt } from './outcome.ts';
import { decide, fold, type Decision } from './settle.ts';
import { newWebhookSecret, signedHeaders } from './sign.ts';
import { webhookBody } from './webhook-body.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const start = Date.parse('2026-11-21T09:00:00Z');
const o = { settleMs: 30 * MINUTE, staleAfterMs: 6 * HOUR };
const calm = { silent: false, accused: false };
const iso = (ms: number) => new Date(start + ms).toISOString();

/** Looks every ten minutes from a start on, each with its decision; what settled is kept. */
function live(
  states: readonly SightState[],
  mirror: (index: number) => { silent: boolean; accused: boolean } = () => calm,
) {
  let row: WatchRow | undefined;
  let last: SightState | undefined;
  let behindSince: string | null = null;
  const told: string[] = [];
  states.forEach((state, index) => {
    const at = iso(index * 10 * MINUTE);
    const serial = state === 'unreachable' || state === 'empty' ? null : 7;
    if (state !== last) row = fold(row, { mirror: 'm', archive: 'a', at, state, serial });
    if (state !== 'behind') behindSince = null;
    else behindSince ??= at;
    last = state;
    if (row === undefined || row.class === row.settled) return;
    const decision: Decision = decide(row, { at, state, lacks_since: behindSince }, mirror(index), {
      ...o,
      now: new Date(start + index * 10 * MINUTE),
    });
    if (decision.do === 'rest') row = { ...row, since: at };
    if (decision.do !== 'settle') return;
    if (decision.tell !== 'nothing') told.push(`${index} ${decision.tell} ${decision.as}`);
    row = { ...row, settled: decision.as, turns: decision.unsteady ? 0 : row.turns };
  });
  return told;
}

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

test('a trouble is told when it has lasted, and its end too; a blip is not', () => {
  const blip: SightState[] = ['fresh', 'unreachable', 'fresh', 'fresh', 'unreachable', 'fresh'];
  assert.deepEqual(live(blip), []);
  const outage = ['fresh', ...times(6, 'unreachable'), ...times(6, 'fresh')] as SightState[];
  assert.deepEqual(live(outage), ['4 trouble failing', '10 return well']);
  const twoStates = ['fresh', 'unreachable', 'certificate', 'unreachable', 'unreachable'];
  assert.deepEqual(live(twoStates as SightState[]), ['4 trouble failing'], 'one trouble');
  const blipInside = [...times(5, 'unreachable'), 'fresh', ...times(5, 'unreachable')];
  assert.deepEqual(live(blipInside as SightState[]), ['3 trouble failing'], 'told once');
  const empty: SightState[] = times(6, 'empty');
  assert.deepEqual(live(empty), [], 'before its first sync');
  assert.deepEqual(live(['fresh', ...empty]), ['4 trouble failing']);
});

test('behind is stale when it lasts; an update under way says nothing', () => {
  const slow = ['fresh', ...times(40, 'behind'), ...times(4, 'fresh')] as SightState[];
  assert.deepEqual(live(slow), ['37 trouble behind', '44 return well']);
  const normal = times(20, ['behind', 'updating', 'fresh'] as SightState[]).flat();
  assert.deepEqual(live(normal), []);
  const frozen = ['fresh', ...times(5, 'frozen'), ...times(40, 'behind')] as SightState[];
  assert.deepEqual(live(frozen), ['4 trouble stale', '9 return well', '42 trouble behind']);
});

test('a mirror in maintenance is left in peace, and judged anew after it', () => {
  const down = [...times(30, 'unreachable'), ...times(9, 'fresh')] as SightState[];
  const resting = (index: number) => ({ silent: index < 20, accused: false });
  assert.deepEqual(live(down, resting), ['22 trouble failing', '33 return well']);
  assert.deepEqual(
    live(times(30, 'rolled-back'), () => ({ silent: false, accused: true })),
    [],
    'the quarantine says it',
  );
});

test('one that comes and goes is told of, though no state lasts', () => {
  const flapping = times(40, ['unreachable', 'fresh'] as SightState[]).flat();
  const told = live(flapping);
  assert.deepEqual(told.slice(0, 1), ['10 trouble failing']);
  assert.equal(told.length < 8, true, told.join(', '));
});

test('whatever is seen, a return follows a trouble, and nothing is told of what did not last', () => {
  const state = fc.constantFrom<SightState>('fresh', 'behind', 'unreachable', 'frozen', 'updating');
  fc.assert(
    fc.property(fc.array(state, { maxLength: 120 }), (states) => {
      let open = false;
      for (const one of live(states)) {
        const isReturn = one.includes('return');
        assert.equal(isReturn && !open, false, one);
        open = !isReturn;
      }
      const calmStates = states.every((s) => s === 'fresh' || s === 'updating');
      if (calmStates) assert.deepEqual(live(states), []);
    }),
    { numRuns: 300 },
  );
});

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Sao_Paulo',
];
const instant = fc
  .integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') })
  .map((ms) => new Date(ms));
/** Around the nights in which clocks change. */
const change = fc
  .tuple(
    fc.constantFrom('2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2026-11-01T06:00:00Z'),
    fc.integer({ min: -14 * HOUR, max: 14 * HOUR }),
  )
  .map(([text, ms]) => new Date(Date.parse(text) + ms));
const minute = fc.integer({ min: 0, max: 1439 });

test('nothing is sent in quiet hours, over midnight and when clocks change; and it is sent right after', () => {
  fc.assert(
    fc.property(
      fc.oneof(instant, change),
      minute,
      minute,
      fc.constantFrom(...ZONES),
      (at, from, to, zone) => {
        if (from === to) return;
        const quiet = { from, to };
        const end = quietEnd(at, quiet, zone);
        assert.equal(isQuiet(localOf(end, zone).minute, quiet), false, end.toISOString());
        assert.equal(end >= at, true);
        if (end.getTime() === at.getTime()) return;
        const before = new Date(end.getTime() - 1);
        assert.equal(isQuiet(localOf(before, zone).minute, quiet), true, 'no later than needed');
        assert.equal(end.getTime() - at.getTime() <= 25 * HOUR, true);
      },
    ),
    { numRuns: 400 },
  );
  const night = { from: 22 * 60, to: 7 * 60 };
  const end = (text: string) => quietEnd(new Date(text), night, 'Europe/Berlin').toISOString();
  assert.equal(end('2026-11-21T22:30:00Z'), '2026-11-22T06:00:00.000Z');
  assert.equal(end('2026-03-28T22:30:00Z'), '2026-03-29T05:00:00.000Z', 'a night of one hour less');
  assert.equal(end('2026-10-24T21:30:00Z'), '2026-10-25T06:00:00.000Z', 'a night of one hour more');
  assert.equal(end('2026-11-21T12:00:30Z'), '2026-11-21T12:00:30.000Z');
});

test('digests leave at the hour and at eight in the morning', () => {
  const at = new Date('2026-11-21T09:10:00Z');
  const wishes = { digest: 'immediate' as const, quiet: null, zone: 'Europe/Berlin' };
  const due = (more: object, when = at) => dueAt(when, { ...wishes, ...more }).toISOString();
  assert.equal(due({}), '2026-11-21T09:10:00.000Z');
  assert.equal(due({ digest: 'hourly' }), '2026-11-21T10:00:00.000Z');
  assert.equal(due({ digest: 'daily' }), '2026-11-22T07:00:00.000Z');
  const early = new Date('2026-11-21T05:10:00Z');
  assert.equal(due({ digest: 'daily' }, early), '2026-11-21T07:00:00.000Z');
  const quiet = { from: 6 * 60, to: 9 * 60 + 30 };
  assert.equal(due({ digest: 'daily', quiet }), '2026-11-22T08:30:00.000Z', 'after quiet hours');
});

test('the time between attempts doubles up to a limit', () => {
  const now = new Date(start);
  const wait = (attempts: number) =>
    nextAttempt(now, attempts, { minMs: 1000, maxMs: 60_000, random: 0.5 }).getTime() - start;
  assert.deepEqual([1, 2, 3, 7, 2000].map(wait), [1000, 2000, 4000, 60_000, 60_000]);
});

test('one plain mail address is taken, and no list, header or command', () => {
  for (const good of ['a@example.org', 'first.last+mirrors@mail.example.co.uk', "o'b@x.example"]) {
    assert.equal(isMailAddress(good), true, good);
  }
  for (const bad of [
    'a@example.org, b@example.org',
    'a@example.org\r\nBcc: b@example.org',
    'a@localhost',
    'a@[127.0.0.1]',
    'a@10.0.0.1',
    '"a b"@example.org',
    'a b@example.org',
    '.a@example.org',
    'a..b@example.org',
    'a@-example.org',
    'a@exämple.org',
    '<a@example.org>',
    `${'a'.repeat(65)}@example.org`,
    '',
  ]) {
    assert.equal(isMailAddress(bad), false, bad);
  }
  assert.equal(addressIn('Mirror team <mirror@example.org>'), 'mirror@example.org');
  assert.equal(addressIn('mirror@example.org.'), 'mirror@example.org');
  assert.equal(addressIn('call us'), undefined);
});

test('a receiver checks a signature with openssl', () => {
  const secret = newWebhookSecret();
  const body = '{"type":"test","é":1}';
  const headers = signedHeaders({ id: 'msg_1', body, at: new Date(start) }, secret);
  assert.equal(headers['webhook-timestamp'], String(start / 1000));
  const script = [
    'key=$(printf %s "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d " \\n")',
    'printf %s "$2.$3.$4" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64',
  ].join('\n');
  const argv = ['-c', script, 'sh', secret, 'msg_1', headers['webhook-timestamp'] ?? '', body];
  const made = spawnSync('sh', argv, { timeout: 20_000 });
  assert.equal(`v1,${made.stdout.toString().trim()}`, headers['webhook-signature']);
});

const subscription: SubscriptionRow = {
  id: 'aabbccdd',
  scope: 'mirror',
  subject: 'mirror.example.org',
  channel: 'mail',
  address: 'ops@example.org',
  secret: null,
  kinds: '[]',
  digest: 'immediate',
  quiet_from: null,
  quiet_to: null,
  zone: 'UTC',
  state: 'active',
  state_reason: null,
  code: null,
  code_tries: 0,
  failures: 0,
  added_at: iso(0),
  added_by: 'x',
};
const place = { network: 'example', url: 'https://push.example.org' };

function delivery(id: string, facts: Partial<NoticeFacts> = {}, more: Partial<Delivery> = {}) {
  const all = { ...NO_FACTS, title: 'a title', state: 'a state', page: '/mirrors/m', ...facts };
  const told = {
    id: `ntc_${id}`,
    kind: 'failing' as const,
    mirror: 'm',
    archive: 'a',
    serial: null,
    incident: null,
    address: null,
    at: iso(0),
    facts: JSON.stringify(all),
  };
  const rest = { attempts: 0, error: null, created_at: iso(0), ended_at: null, message: null };
  const row = { id, notice: told.id, subscription: subscription.id, due_at: iso(0), told, ...rest };
  return { ...row, state: 'waiting' as const, ...more };
}

test('what is due for one address is one mail; what was sent before travels as it did', () => {
  const known = new Map([[subscription.id, subscription]]);
  const due = [
    delivery('d1'),
    delivery('d2'),
    delivery('d3', {}, { message: 'msg_before', attempts: 2 }),
  ];
  const ids = (all: readonly Delivery[], of = known) =>
    messagesOf(all, of).map(({ id, deliveries }) => [
      id === 'msg_before',
      deliveries.map((d) => d.id),
    ]);
  assert.deepEqual(ids(due), [
    [false, ['d1', 'd2']],
    [true, ['d3']],
  ]);
  assert.equal(
    messagesOf(due, known)[0]?.id,
    messagesOf(due.toReversed(), known)[1]?.id,
    'same id',
  );
  const hook = new Map([[subscription.id, { ...subscription, channel: 'webhook' as const }]]);
  assert.deepEqual(ids(due.slice(0, 2), hook), [
    [false, ['d1']],
    [false, ['d2']],
  ]);
  const [digest] = messagesOf(
    due.slice(0, 2),
    new Map([[subscription.id, { ...subscription, channel: 'webhook', digest: 'daily' }]]),
  );
  assert.equal(digest?.deliveries.length, 2);
  if (digest === undefined) return;
  const body = JSON.parse(webhookBody(digest, place)) as { type: string; data: { notices: [] } };
  assert.deepEqual([body.type, body.data.notices.length], ['digest', 2]);
});

test('no text of an operator or a mirror becomes a header, or more than its line', () => {
  const nasty = 'x\r\nBcc: all@example.org\r\n\r\nnew\u2028body\u202e\u0007';
  fc.assert(
    fc.property(fc.oneof(fc.constant(nasty), fc.string({ unit: 'binary' })), (text) => {
      const facts: Partial<NoticeFacts> = {
        title: text,
        state: text,
        reason: text,
        url: text,
        claimed: { serial: 1, at: iso(0), event: text, reason: text },
        rollout: { total: 2, committed: 1, failed: 1, lacking: [text] },
      };
      const [message] = messagesOf(
        [delivery('d1', facts)],
        new Map([[subscription.id, subscription]]),
      );
      if (message === undefined) throw new Error('There is one.');
      const mail = mailText(message, place);
      const plain = mailText({ ...message, deliveries: [delivery('d1', PLAIN)] }, place);
      assert.equal(/[\p{Cc}\u2028\u2029\u202e]/u.test(mail.subject), false, mail.subject);
      assert.equal(mail.text.split('\n').length, plain.text.split('\n').length, mail.text);
    }),
    { numRuns: 200 },
  );
});

const PLAIN: Partial<NoticeFacts> = {
  reason: 'x',
  url: 'x',
  claimed: { serial: 1, at: iso(0), event: 'x', reason: 'x' },
  rollout: { total: 2, committed: 1, failed: 1, lacking: ['x'] },
};
