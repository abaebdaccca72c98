import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import { findSigner, parseAllowedSigners } from './allowed-signers.ts';
import { followSigners, trustOf, withText, type Trust } from './follow-signers.ts';
import { parseSigners, signSigners, splitSigners, type Signer } from './signers.ts';
import { readSigningKey, type SigningKey } from './signing-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'signers-'));
after(() => rmSync(folder, { recursive: true }));
const [a, b, c] = ['a', 'b', 'c'].map((name) => {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return readSigningKey(path);
}) as [SigningKey, SigningKey, SigningKey];

const NOW = new Date('2026-11-21T09:00:00Z');
const hours = (n: number) => new Date(NOW.getTime() + n * 3_600_000);
const NAMESPACES = 'pushmirror-head,pushmirror-hold,pushmirror-signers';
const anchor = parseAllowedSigners(
  `example namespaces="${NAMESPACES}" ${a.publicKey.line}\n`,
  'allowed_signers',
);
const signer = ({ publicKey: key }: SigningKey, more: Partial<Signer> = {}) => ({ key, ...more });
const text = (sequence: number, signers: Signer[], by: SigningKey, network = 'example') =>
  signSigners({ network, sequence, signers, issued: NOW }, by);
const follow = (trust: Trust, texts: { bytes: Buffer }[], now = NOW) =>
  followSigners(
    anchor,
    trust,
    texts.map(({ bytes }) => bytes),
    { network: 'example', now },
  );
const maySign = (trust: Trust, key: SigningKey, at = NOW) =>
  findSigner(trust.signers, { blob: key.publicKey.blob, namespace: 'pushmirror-head', at }).found;

const first = text(1, [signer(a, { validBefore: hours(24) }), signer(b)], a);
const second = text(2, [signer(b, { validBefore: hours(48) }), signer(c)], b);

test('a new key counts when a key that is trusted has said so, and the old one until then', () => {
  const trust = follow(trustOf(anchor), [first]);
  assert.equal(trust.refused, undefined);
  assert.deepEqual([maySign(trust, a), maySign(trust, b), maySign(trust, c)], [true, true, false]);
  assert.deepEqual([maySign(trust, a, hours(25)), maySign(trust, b, hours(25))], [false, true]);
  const later = follow(trustOf(anchor), splitSigners(joined(first, second)).map(parseSigners));
  assert.deepEqual([maySign(later, a), maySign(later, b), maySign(later, c)], [false, true, true]);
  const away = follow(trustOf(anchor), [first, second], hours(30));
  assert.equal(
    maySign(away, c, hours(30)),
    true,
    'who was away for both goes from one to the next',
  );
});

test('what nobody trusted has signed is refused, and what follows it too', () => {
  const cases: [string, { bytes: Buffer }[], RegExp][] = [
    ['by a stranger', [text(1, [signer(c)], c)], /is not in allowed_signers/],
    ['by a key that is over', [first, text(2, [signer(c)], a)], /is not valid after/],
    ['the chain has a gap', [second], /is not in allowed_signers/],
    ['of another network', [text(1, [signer(b)], a, 'other')], /another network/],
    ['not a text', [{ bytes: Buffer.from('x') }], /not a text on who may sign/],
  ];
  for (const [name, texts, why] of cases) {
    const now = name === 'by a key that is over' ? hours(30) : NOW;
    const trust = follow(trustOf(anchor), texts, now);
    assert.match(trust.refused ?? '', why, name);
    assert.equal(maySign(trust, c, now), false, name);
  }
  const headsOnly = parseAllowedSigners(
    `example namespaces="pushmirror-head" ${a.publicKey.line}\n`,
    'file',
  );
  const about = { network: 'example', now: NOW };
  const { refused } = followSigners(headsOnly, trustOf(headsOnly), [first.bytes], about);
  assert.match(refused ?? '', /does not allow the namespace pushmirror-signers/);
});

test('an older text is passed over; the same number with other words alarms', () => {
  const trust = follow(trustOf(anchor), [first, second]);
  assert.deepEqual(follow(trust, [first, second]), trust);
  assert.equal(follow(trust, [text(1, [signer(c)], a)]).alarm, undefined, 'anybody can say that');
  const other = follow(trust, [text(2, [signer(b)], b)]);
  assert.equal(other.alarm, true);
  assert.equal(maySign(other, c), true, 'what was believed stays');
});

test('what a person has set for other keys stays; what a text has named is as the newest says', () => {
  const file = [...anchor, ...parseAllowedSigners(`admin ${c.publicKey.line}\n`, 'file')];
  const trust = withText(file, [first]);
  assert.equal(maySign(trust, c), true);
  const without = withText(file, [first, text(2, [signer(b)], b)]);
  assert.deepEqual([maySign(without, a), maySign(without, c)], [false, true]);
});

test('stock ssh-keygen verifies a text', () => {
  const signers = join(folder, 'allowed_signers');
  writeFileSync(signers, `example namespaces="${NAMESPACES}" ${a.publicKey.line}\n`);
  writeFileSync(join(folder, 'sig'), first.armour);
  const words = ['-Y', 'verify', '-f', signers, '-I', 'example', '-n', 'pushmirror-signers'];
  const said = execFileSync('ssh-keygen', [...words, '-s', join(folder, 'sig')], {
    input: first.body,
    encoding: 'utf8',
  });
  assert.match(said, /^Good "pushmirror-signers" signature/);
});

test('whatever is parsed is written in one way; nothing else throws but our error', () => {
  const { bytes } = first;
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      try {
        const parsed = parseSigners(changed);
        const again = signSigners(parsed.signers, a);
        assert.deepEqual(again.body, parsed.body);
      } catch (error) {
        assert.equal(error instanceof TriggerError, true, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

function joined(...texts: { bytes: Buffer }[]): Buffer {
  return Buffer.concat(texts.map(({ bytes }) => bytes));
}
