import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint, Look } from '@pushmirror/probe';
import type { Head } from '@pushmirror/trigger/head/head';
import { signHead } from '@pushmirror/trigger/head/sign';
import { vetHead } from '@pushmirror/trigger/receive/vet';
import { newSigningKey, signersOf } from '../../../../../libs/trigger/src/head/fixtures.test.ts';
import { SIGHT_STATES } from './states.ts';
import { isDoubtful, verdictOf, type Known } from './verdict.ts';

const now = new Date('2026-11-21T12:00:00Z');
const key = newSigningKey();
const manifest = (digit: string) => ({ sha256: digit.repeat(64), bytes: 100 });
const head = (more: Partial<Head> = {}): Head => ({
  network: 'example',
  archive: 'debian',
  epoch: 1,
  serial: 3,
  manifest: manifest('3'),
  issued: new Date('2026-11-21T09:00:00Z'),
  expires: new Date('2026-11-22T09:00:00Z'),
  ...more,
});
const signed = (more: Partial<Head> = {}, by = key) => signHead(head(more), by).bytes;
const old = { serial: 2, manifest: manifest('2') };

const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({
  protocol: 'http',
  family: 4,
  url: 'http://192.0.2.1/',
  state: 'ok',
  serial: 3,
  ms: 12,
  certificateUntil: null,
  reason: null,
  ...more,
});
const look = (more: Partial<Look> = {}): Look => ({
  at: now,
  heads: [signed()],
  again: null,
  trace: null,
  updating: false,
  content: null,
  endpoints: [endpoint()],
  evidence: [],
  responseMs: 12,
  certificateUntil: null,
  ...more,
});
const release = (serial: number, more: Partial<Known['releases'][number]> = {}) => ({
  epoch: 1,
  serial,
  manifestSha256: String(serial).repeat(64),
  expiresAt: new Date('2026-11-22T09:00:00Z'),
  publicAt: new Date(`2026-11-21T0${serial}:00:00Z`),
  ...more,
});
const known = (more: Partial<Known> = {}): Known => ({
  vet: (bytes, at) =>
    vetHead(bytes, {
      network: 'example',
      archive: 'debian',
      signers: signersOf(key),
      carries: () => true,
      now: at,
    }),
  releases: [release(1), release(2), release(3)],
  kind: 'agent',
  claimed: null,
  highest: null,
  updatingSince: null,
  ...more,
});
const state = (l: Partial<Look> = {}, k: Partial<Known> = {}) => verdictOf(look(l), known(k)).state;
const content = (index: 'right' | 'wrong' | 'missing', sample: 'right' | 'wrong' | 'missing') => ({
  index,
  sample,
  reason: 'dists/InRelease is not right.',
});

test('fresh is who shows the newest public release; behind by serials and by time is who does not', () => {
  assert.equal(state(), 'fresh');
  const behind = verdictOf(look({ heads: [signed(old)] }), known());
  assert.equal(behind.state, 'behind');
  assert.deepEqual(
    [behind.lag?.serials, behind.lag?.since, behind.lag?.ms],
    [1, release(3).publicAt, 9 * 3_600_000],
  );
  const unpublic = [release(1), release(2), release(3, { publicAt: null })];
  assert.equal(state({ heads: [signed(old)] }, { releases: unpublic }), 'fresh', 'not public yet');
  assert.equal(state({}, { releases: unpublic }), 'fresh', 'a canary is ahead');
});

test('frozen: its head has expired, unless the one of the master has too', () => {
  const expired = [signed({ expires: new Date('2026-11-21T11:00:00Z') })];
  assert.equal(state({ heads: expired }), 'frozen');
  const ours = [release(3, { expiresAt: new Date('2026-11-21T11:00:00Z') })];
  assert.equal(state({ heads: expired }, { releases: ours }), 'fresh');
});

test('rolled back: it showed a newer one before; contradicting: it reports a newer one', () => {
  const shows = { heads: [signed(old)] };
  const verdict = verdictOf(look(shows), known({ highest: { epoch: 1, serial: 3 } }));
  assert.deepEqual(
    [verdict.state, verdict.reason],
    ['rolled-back', 'It shows 2, and showed 3 before.'],
  );
  const lies = verdictOf(look(shows), known({ claimed: 3 }));
  assert.deepEqual([lies.state, lies.reason], ['contradicting', 'It reports 3 and shows 2.']);
  assert.equal(state({}, { claimed: 3, highest: { epoch: 1, serial: 3 } }), 'fresh');
});

test('equivocating: a rightly signed head that the master never published', () => {
  assert.equal(state({ heads: [signed({ manifest: manifest('9') })] }), 'equivocating');
  assert.equal(state({ heads: [signed({ serial: 7 })] }), 'equivocating');
  assert.equal(state({ heads: [signed({ epoch: 2 })] }), 'equivocating');
});

test('unsigned: by nobody, by another key, of another network or archive', () => {
  assert.equal(state({ heads: [Buffer.from('<html>')] }), 'unsigned');
  assert.equal(state({ heads: [signed({}, newSigningKey())] }), 'unsigned');
  assert.equal(state({ heads: [signed({ network: 'other' })] }), 'unsigned');
  assert.equal(state({ heads: [signed({ archive: 'other' })] }), 'unsigned');
});

test('wrong content, unless only a part of the archive is missing', () => {
  assert.equal(state({ content: content('wrong', 'right') }), 'wrong-content');
  assert.equal(state({ content: content('right', 'wrong') }), 'wrong-content');
  assert.equal(state({ content: content('missing', 'missing') }), 'wrong-content');
  assert.equal(state({ content: content('right', 'missing') }), 'fresh');
});

test('a stock mirror is judged by its trace file and its archive serial, an agent is not', () => {
  const trace = (serial: string) =>
    Buffer.from(`Sat Nov 21 09:00:05 UTC 2026\nArchive serial: ${serial}\n`);
  const stock = { kind: 'ftpsync' } as const;
  assert.equal(state({ heads: [], trace: trace('3') }, stock), 'fresh');
  const verdict = verdictOf(look({ heads: [], trace: trace('1') }), known(stock));
  assert.deepEqual([verdict.state, verdict.basis, verdict.lag?.serials], ['behind', 'trace', 2]);
  assert.equal(state({ heads: [Buffer.from('<html>')], trace: trace('3') }, stock), 'fresh');
  assert.equal(state({ heads: [], trace: trace('unknown') }, stock), 'empty');
  assert.equal(state({ heads: [], trace: trace('3') }), 'empty');
  const dak = { ...stock, foreignTrace: true };
  assert.equal(state({ heads: [], trace: trace('3') }, dak), 'empty', 'a serial of dak');
  const back = { ...stock, highest: { epoch: 1, serial: 3 } };
  assert.equal(state({ heads: [], trace: trace('2') }, back), 'rolled-back');
});

test('unreachable and certificate are of the ways that the operator registered', () => {
  const down = endpoint({ state: 'unreachable', reason: 'no answer' });
  const cert = endpoint({ protocol: 'https', state: 'certificate', reason: 'expired' });
  assert.equal(state({ heads: [], endpoints: [down] }), 'unreachable');
  assert.equal(state({ heads: [], endpoints: [down, cert] }), 'certificate');
  const other = endpoint({ protocol: 'https', state: 'not-offered' });
  assert.equal(state({ endpoints: [endpoint(), other] }), 'fresh');
});

test('the worst of several heads counts: some readers get it', () => {
  assert.equal(state({ heads: [signed(), signed(old)] }), 'behind');
  assert.equal(state({ heads: [signed(old), Buffer.from('x')] }), 'unsigned');
});

test('an update in progress excuses for some hours, but not what is wrongly signed', () => {
  const during = { updating: true, heads: [signed(old)] };
  assert.equal(state(during), 'updating');
  assert.equal(state(during, { updatingSince: new Date('2026-11-21T02:00:00Z') }), 'behind');
  assert.equal(state({ updating: true, heads: [Buffer.from('x')] }), 'unsigned');
  assert.equal(state({ updating: true }), 'fresh');
});

test('what a cache shows is not held against the mirror, only its lag', () => {
  const itself = { heads: [signed()], content: content('right', 'right') };
  const plain = verdictOf(look({ heads: [signed(old)], again: itself }), known());
  assert.equal(plain.state, 'behind');
  assert.match(plain.reason ?? '', /^Itself it is fresh; a cache before it .*: 2\.$/);
  const stale = { content: content('wrong', 'right'), again: itself };
  assert.equal(state(stale), 'behind', 'readers do not get the release');
  const mute = { heads: [signed(old)], again: { heads: [], content: null } };
  const highest = { epoch: 1, serial: 3 };
  assert.equal(state(mute, { highest }), 'rolled-back', 'no answer excuses nobody');
  const cached = { heads: [signed(old)], again: { heads: [signed()], content: null } };
  assert.equal(state(cached, { claimed: 3, highest: { epoch: 1, serial: 3 } }), 'behind');
  const still = { heads: [signed(old)], again: { heads: [signed(old)], content: null } };
  assert.equal(state(still, { highest: { epoch: 1, serial: 3 } }), 'rolled-back');
});

test('whatever comes from outside, there is a verdict, and only what is signed is fresh', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(signed())), {
        maxLength: 3,
      }),
      fc.option(fc.string({ maxLength: 300 }), { nil: null }),
      fc.boolean(),
      (heads, trace, updating) => {
        const seen = look({
          heads: heads.map((one) => Buffer.from(one)),
          trace: trace === null ? null : Buffer.from(trace),
          updating,
        });
        const verdict = verdictOf(seen, known());
        assert.equal(SIGHT_STATES.includes(verdict.state), true, verdict.state);
        const good = heads.length > 0 && heads.every((one) => signed().equals(Buffer.from(one)));
        assert.equal(verdict.state === 'fresh', good, verdict.reason ?? '');
        assert.equal(verdict.state === 'fresh', verdict.reason === null, verdict.reason ?? '');
        assert.equal(isDoubtful(seen, known()), verdict.state !== 'fresh', verdict.state);
      },
    ),
  );
});
