import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllowedSigners } from '../head/allowed-signers.ts';
import { anyHead, exampleHead, newSigningKey, NOW, signersOf } from '../head/fixtures.test.ts';
import { formatHead, parseHead, type Head, type SignedHead } from '../head/head.ts';
import { signHead } from '../head/sign.ts';
import { signMessage } from '../head/sshsig.ts';
import { judgeHead, type Judgement } from './judge.ts';
import type { Circumstances } from './vet.ts';

const key = newSigningKey();
const stranger = newSigningKey();
const offered = signHead(exampleHead(), key);

type Held = Circumstances & { stored: SignedHead | undefined };

/** Circumstances in which the example is new and fine. */
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

function refusalOf(judgement: Judgement): string {
  return judgement.verdict === 'refuse' ? judgement.refusal : assert.fail(judgement.reason);
}

/** The example, different, signed by the right key. */
const variant = (different: Partial<Head>) => signHead(exampleHead(different), key).bytes;

void describe('a head that is believed', () => {
  void test('is stored when it is the first', () => {
    const judgement = judgeHead(offered.bytes, fine());
    assert(judgement.verdict === 'store');
    assert.deepEqual(judgement.signed, offered);
    assert.equal(judgement.signer, 'example');
  });

  void test('is stored when it is newer, kept as the newer issue, or known already', () => {
    const held = fine({ stored: offered });
    assert.equal(judgeHead(variant({ serial: 2026112102 }), held).verdict, 'store');
    const later = { issued: new Date('2026-11-21T09:30:00Z') };
    assert.equal(judgeHead(variant(later), held).verdict, 'refresh');
    assert.equal(judgeHead(offered.bytes, held).verdict, 'duplicate');
  });

  void test('needs nobody’s leave when we fetched it ourselves', () => {
    const polled = fine();
    delete polled.mayNotify;
    assert.equal(judgeHead(offered.bytes, polled).verdict, 'store');
  });

  void test('may be issued up to 15 minutes ahead of our clock', () => {
    const ahead = (ms: number) => fine({ now: new Date(offered.head.issued.getTime() - ms) });
    assert.equal(judgeHead(offered.bytes, ahead(900_000)).verdict, 'store');
    assert.equal(refusalOf(judgeHead(offered.bytes, ahead(900_001))), 'future');
  });

  void test('is valid to the last millisecond before it expires', () => {
    const { expires } = offered.head;
    const before = new Date(expires.getTime() - 1);
    assert.equal(judgeHead(offered.bytes, fine({ now: before })).verdict, 'store');
    assert.equal(refusalOf(judgeHead(offered.bytes, fine({ now: expires }))), 'expired');
  });
});

/** Each fault with the refusal and the sentence it must get, in the order of acceptance. */
const body = Buffer.from(formatHead(exampleHead()));
const signedAs = (namespace: string) =>
  Buffer.concat([body, Buffer.from(signMessage(body, key, namespace))]);
const faults: [refusal: string, bytes: Buffer, held: Partial<Held>, reason: RegExp][] = [
  ['too-large', Buffer.alloc(4097, 'x'), {}, /larger than 4096/],
  ['malformed', Buffer.from('hello'), {}, /not a head: it has no signature/],
  ['peer', offered.bytes, { mayNotify: () => ({ allowed: false, reason: 'no rule.' }) }, /no rule/],
  ['signature', swapSerial(offered.bytes), {}, /does not belong to this text/],
  ['namespace', signedAs('file'), {}, /namespace pushmirror-head/],
  ['signer', signHead(exampleHead(), stranger).bytes, {}, /not in allowed_signers/],
  ['network', variant({ network: 'other' }), {}, /network other; this is example/],
  ['archive', variant({ archive: 'fedora' }), {}, /does not carry fedora/],
  ['archive', offered.bytes, { archive: 'fedora' }, /of debian, not of fedora/],
  ['expired', offered.bytes, { now: new Date('2026-11-23T00:00:00Z') }, /expired at 2026-11-22/],
  ['future', offered.bytes, { now: new Date('2026-11-21T08:00:00Z') }, /future/],
  ['rollback', variant({ serial: 2020010101 }), { stored: offered }, /2020010101 is behind/],
  ['equivocation', variant(otherManifest()), { stored: offered }, /another manifest/],
];

void describe('a head that is refused', () => {
  for (const [refusal, bytes, held, reason] of faults) {
    void test(`as ${refusal}, says ${reason.source}`, () => {
      const judgement = judgeHead(bytes, fine(held));
      assert.equal(refusalOf(judgement), refusal);
      assert.match(judgement.reason, reason);
      assert.match(judgement.reason, /^[A-Z][^\n]*\.$/);
    });
  }

  void test('has a sentence of its own for each fault', () => {
    const reasons = faults.map(([, bytes, held]) => judgeHead(bytes, fine(held)).reason);
    assert.equal(new Set(reasons).size, faults.length);
  });

  void test('alarms for equivocation only', () => {
    for (const [refusal, bytes, held] of faults) {
      const judgement = judgeHead(bytes, fine(held));
      assert.equal(judgement.verdict === 'refuse' && judgement.alarm, refusal === 'equivocation');
    }
  });

  void test('is refused for what comes first in the order of acceptance', () => {
    const mayNotify = () => ({ allowed: false, reason: 'no rule.' });
    const wrong = (different: Partial<Head>, by = key) =>
      signHead(exampleHead(different), by).bytes;
    const all = { network: 'other', archive: 'fedora', expires: new Date('2026-11-21T09:00:01Z') };
    const forged = swapSerial(wrong(all, stranger));
    assert.equal(refusalOf(judgeHead(forged, fine({ mayNotify }))), 'peer');
    assert.equal(refusalOf(judgeHead(forged, fine())), 'signature');
    assert.equal(refusalOf(judgeHead(wrong(all, stranger), fine())), 'signer');
    assert.equal(refusalOf(judgeHead(wrong(all), fine())), 'network');
    assert.equal(refusalOf(judgeHead(wrong({ ...all, network: 'example' }), fine())), 'archive');
    const old = { serial: 1, expires: all.expires };
    assert.equal(refusalOf(judgeHead(wrong(old), fine({ stored: offered }))), 'expired');
  });

  void test('a signer counts at the time of judging, for the namespace of heads', () => {
    const as = (options: string) =>
      fine({ signers: parseAllowedSigners(`example ${options} ${key.publicKey.line}`, 'signers') });
    assert.equal(judgeHead(offered.bytes, as('valid-after="20261121Z"')).verdict, 'store');
    assert.equal(refusalOf(judgeHead(offered.bytes, as('valid-before="20261121Z"'))), 'signer');
    assert.equal(refusalOf(judgeHead(offered.bytes, as('valid-after="20261122Z"'))), 'signer');
    assert.equal(refusalOf(judgeHead(offered.bytes, as('namespaces="file"'))), 'signer');
  });
});

void describe('whatever arrives', () => {
  void test('a head with any change to it is never believed as another', () => {
    const change = fc.tuple(fc.nat(offered.bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = Buffer.from(offered.bytes);
        for (const [at, byte] of changes) bytes[at] = byte;
        const judgement = judgeHead(bytes, fine());
        if (judgement.verdict !== 'refuse') assert.deepEqual(judgement.signed.body, offered.body);
      }),
      { numRuns: 500 },
    );
  });

  void test('nothing is accepted unsigned', () => {
    const unsigned = anyHead.map((head) => Buffer.from(formatHead(head)));
    const borrowed = unsigned.map((text) => Buffer.concat([text, Buffer.from(offered.armour)]));
    const bySomebody = anyHead.map((head) => signHead(head, stranger).bytes);
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 5000 }), unsigned, borrowed, bySomebody);
    fc.assert(
      fc.property(bytes, (some) => {
        const { network, archive } = networkAndArchive(some);
        const held = fine({ network, carries: () => true, archive });
        refusalOf(judgeHead(some, held));
      }),
      { numRuns: 300 },
    );
  });
});

/** So that nothing but the missing signature can be the reason. */
function networkAndArchive(bytes: Uint8Array): { network: string; archive: string } {
  try {
    const { network, archive } = parseHead(bytes).head;
    return { network, archive };
  } catch {
    return { network: 'example', archive: 'debian' };
  }
}

function swapSerial(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace('2026112101', '2026112102'));
}

function otherManifest(): Partial<Head> {
  return { manifest: { sha256: '6'.repeat(64), bytes: 4711 } };
}
