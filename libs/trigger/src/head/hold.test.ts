import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import {
  anyHead,
  exampleHead,
  exampleHold,
  newSigningKey,
  temporaryFolder,
} from './fixtures.test.ts';
import { parseHead } from './head.ts';
import { formatHold, holdCovers, LARGEST_HOLD, parseHold, signHold, type Hold } from './hold.ts';
import { signHead } from './sign.ts';

const key = newSigningKey();
const signed = signHold(exampleHold(), key);

/** The example with its body changed; the armour no longer fits, which grammar does not see. */
function withBody(change: (body: string) => string): Buffer {
  return Buffer.from(change(signed.body.toString()) + signed.armour, 'latin1');
}

function refusalOf(bytes: Uint8Array): string {
  try {
    parseHold(bytes);
  } catch (error) {
    assert(error instanceof TriggerError);
    assert.equal(error.code, 'malformed-hold');
    assert.match(error.message, /^This is not a hold: /);
    return error.message;
  }
  return assert.fail('it was taken for a hold');
}

void describe('a hold', () => {
  void test('has the form of docs/formats.md, to the byte', () => {
    assert.equal(
      formatHold(exampleHold()),
      [
        'Push-Hold: 1',
        'Network: example',
        'Archive: debian',
        'Epoch: 1',
        'Serial: 2026112101',
        'Sequence: 3',
        'State: held',
        'Reason: The canary does not install.',
        'Issued: 2026-11-21T09:30:00Z',
        '',
      ].join('\n'),
    );
  });

  void test('comes back as it was, and formats to the same body again', () => {
    const reason = fc.stringMatching(/^[!-~](?:[ -~]{0,498}[!-~])?$/);
    const anyHold: fc.Arbitrary<Hold> = fc
      .tuple(anyHead, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.boolean(), reason)
      .map(([{ network, archive, epoch, serial, issued }, sequence, held, why]) => ({
        network,
        archive,
        epoch,
        serial,
        issued,
        sequence,
        state: held ? 'held' : 'released',
        ...(held ? { reason: why } : {}),
      }));
    fc.assert(
      fc.property(anyHold, (hold) => {
        const travelled = parseHold(signHold(hold, key).bytes);
        assert.deepEqual(travelled.hold, hold);
        assert.equal(formatHold(travelled.hold), travelled.body.toString());
      }),
    );
  });

  void test('is checked by stock ssh-keygen', (t) => {
    const folder = temporaryFolder(t);
    const file = (name: string) => join(folder, name);
    writeFileSync(file('signers'), `example namespaces="pushmirror-hold" ${key.publicKey.line}\n`);
    writeFileSync(file('sig'), signed.armour);
    const verify = (namespace: string) =>
      spawnSync(
        'ssh-keygen',
        [
          '-Y',
          'verify',
          '-f',
          file('signers'),
          '-I',
          'example',
          '-n',
          namespace,
          '-s',
          file('sig'),
        ],
        { input: signed.body },
      ).status;
    assert.equal(verify('pushmirror-hold'), 0);
    assert.notEqual(verify('pushmirror-head'), 0);
  });

  void test('is not written in a form that nobody would read', () => {
    const wrong: Partial<Hold>[] = [
      { archive: '../etc' },
      { network: 'a\nSerial: 9' },
      { serial: 0 },
      { sequence: 1.5 },
      { epoch: 2 ** 53 },
      { reason: '' },
      { reason: ' padded' },
      { reason: 'two\nlines' },
      { reason: 'caf\u00e9' },
      { reason: 'x'.repeat(501) },
      { issued: new Date(Number.NaN) },
    ];
    for (const different of wrong) {
      assert.throws(() => formatHold(exampleHold(different)), { code: 'malformed-hold' });
    }
  });
});

void describe('the grammar of a hold', () => {
  const cases: [what: string, bytes: () => Uint8Array, why: RegExp][] = [
    ['nothing', () => Buffer.alloc(0), /no signature/],
    ['a head', () => signHead(exampleHead(), key).bytes, /line 1.*Push-Hold/],
    ['another state', () => withBody((b) => b.replace('held', 'paused')), /line 7/],
    [
      'fields in another order',
      () => withBody((b) => b.replace(/(S.*\n)(S.*\n)/, '$2$1')),
      /line 5/,
    ],
    ['a field too many', () => withBody((b) => `${b}Note: x\n`), /line 10/],
    ['a field missing', () => withBody((b) => b.replace(/Sequence.*\n/, '')), /line 6/],
    ['an empty reason', () => withBody((b) => b.replace(/Reason: .*/, 'Reason: ')), /line 8/],
    ['31 November', () => withBody((b) => b.replace('11-21T', '11-31T')), /not exist/],
    ['text after it', () => Buffer.concat([signed.bytes, Buffer.from('x\n')]), /exactly one/],
    ['4097 bytes', () => withBody((b) => b.padStart(LARGEST_HOLD + 1, 'x')), /larger than 4096/],
  ];
  for (const [what, bytes, why] of cases) {
    void test(`has no place for ${what}`, () => assert.match(refusalOf(bytes()), why));
  }

  void test('survives any bytes', () => {
    const anyBytes = fc.uint8Array({ maxLength: 5000 });
    const nearly = anyBytes.map((bytes) => Buffer.concat([bytes, Buffer.from(signed.armour)]));
    fc.assert(fc.property(fc.oneof(anyBytes, nearly), (bytes) => void refusalOf(bytes)));
  });

  void test('is not that of a head', () => {
    assert.throws(() => parseHead(signed.bytes), { code: 'malformed-head' });
  });
});

void test('a hold covers the one release that it names, until it is released', () => {
  const head = exampleHead();
  assert.equal(holdCovers(exampleHold(), head), true);
  assert.equal(holdCovers(undefined, head), false);
  assert.equal(holdCovers(exampleHold({ state: 'released' }), head), false);
  for (const other of [{ serial: 2026112102 }, { epoch: 2 }, { archive: 'fedora' }]) {
    assert.equal(holdCovers(exampleHold(), exampleHead(other)), false);
  }
});
