import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAllowedSigners } from '../head/allowed-signers.ts';
import { exampleHead, exampleHold, newSigningKey, NOW, signersOf } from '../head/fixtures.test.ts';
import { formatHold, signHold, type Hold, type SignedHold } from '../head/hold.ts';
import { signHead } from '../head/sign.ts';
import { signMessage } from '../head/sshsig.ts';
import { judgeHold } from './judge-hold.ts';
import type { Circumstances } from './vet.ts';

const key = newSigningKey();
const stranger = newSigningKey();
const offered = signHold(exampleHold(), key);
const variant = (different: Partial<Hold>, by = key) => signHold(exampleHold(different), by).bytes;

type Held = Circumstances & { stored: SignedHold | undefined };

function fine(different: Partial<Held> = {}): Held {
  return {
    network: 'example',
    signers: signersOf(key),
    carries: (archive) => archive === 'debian',
    mayNotify: () => ({ allowed: true, reason: 'rule 1 allows it' }),
    now: NOW,
    stored: undefined,
    ...different,
  };
}

const refusalOf = (bytes: Uint8Array, held = fine()) => {
  const judgement = judgeHold(bytes, held);
  if (judgement.verdict !== 'refuse') return assert.fail(judgement.reason);
  assert.match(judgement.reason, /^[A-Z][^\n]*\.$/);
  assert.equal(judgement.alarm, judgement.refusal === 'equivocation');
  return judgement.refusal;
};

void describe('a hold that is believed', () => {
  void test('is stored when it is the first or has a higher number', () => {
    const judgement = judgeHold(offered.bytes, fine());
    assert(judgement.verdict === 'store');
    assert.deepEqual(judgement.signed, offered);
    assert.equal(judgement.signer, 'example');
    const held = fine({ stored: offered });
    const released = variant({ sequence: 4, state: 'released' });
    assert.equal(judgeHold(released, held).verdict, 'store');
    assert.equal(judgeHold(variant({ sequence: 4, serial: 1 }), held).verdict, 'store');
    assert.equal(judgeHold(variant({ epoch: 2, sequence: 1 }), held).verdict, 'store');
  });

  void test('is a duplicate when it is the one that is stored', () => {
    assert.equal(judgeHold(offered.bytes, fine({ stored: offered })).verdict, 'duplicate');
  });

  void test('does not expire', () => {
    const later = fine({ now: new Date('2030-01-01T00:00:00Z') });
    assert.equal(judgeHold(offered.bytes, later).verdict, 'store');
  });
});

void describe('a hold that is refused', () => {
  const body = Buffer.from(formatHold(exampleHold()));
  const asHead = Buffer.concat([body, Buffer.from(signMessage(body, key, 'pushmirror-head'))]);
  const forHeads = parseAllowedSigners(
    `example namespaces="pushmirror-head" ${key.publicKey.line}`,
    'signers',
  );
  const forged = Buffer.from(offered.bytes.toString().replace('State: held', 'State: released'));
  const cases: [refusal: string, bytes: Buffer, held: Partial<Held>][] = [
    ['too-large', Buffer.alloc(4097, 'x'), {}],
    ['malformed', signHead(exampleHead(), key).bytes, {}],
    ['peer', offered.bytes, { mayNotify: () => ({ allowed: false, reason: 'no rule.' }) }],
    ['signature', forged, {}],
    ['namespace', asHead, {}],
    ['signer', variant({}, stranger), {}],
    ['signer', offered.bytes, { signers: forHeads }],
    ['network', variant({ network: 'other' }), {}],
    ['archive', variant({ archive: 'fedora' }), {}],
    ['archive', offered.bytes, { archive: 'fedora' }],
    ['future', offered.bytes, { now: new Date('2026-11-21T09:14:59Z') }],
    ['rollback', variant({ sequence: 2 }), { stored: offered }],
    ['rollback', offered.bytes, { stored: signHold(exampleHold({ epoch: 2, sequence: 1 }), key) }],
    ['equivocation', variant({ state: 'released' }), { stored: offered }],
  ];
  for (const [refusal, bytes, held] of cases) {
    void test(`is refused as ${refusal}`, () => {
      assert.equal(refusalOf(bytes, fine(held)), refusal);
    });
  }
});
