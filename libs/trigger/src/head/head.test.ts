import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import { anyHead, exampleHead, newSigningKey } from './fixtures.test.ts';
import { formatHead, LARGEST_HEAD, parseHead, type Head } from './head.ts';
import { signHead } from './sign.ts';

const key = newSigningKey();
const signed = signHead(exampleHead(), key);

/** The example with its body changed; the armour no longer fits, which grammar does not see. */
function withBody(change: (body: string) => string): Buffer {
  return Buffer.from(change(signed.body.toString()) + signed.armour, 'latin1');
}

function refusalOf(bytes: Uint8Array): string {
  try {
    parseHead(bytes);
  } catch (error) {
    assert(error instanceof TriggerError);
    assert.equal(error.code, 'malformed-head');
    return error.message;
  }
  return assert.fail('it was taken for a head');
}

void describe('a head', () => {
  void test('has the form of the design, to the byte', () => {
    assert.equal(
      formatHead(exampleHead()),
      [
        'Push-Head: 1',
        'Network: example',
        'Archive: debian',
        'Epoch: 1',
        'Serial: 2026112101',
        `Manifest: sha256:${'5'.repeat(64)} 4711`,
        'Issued: 2026-11-21T09:00:00Z',
        'Expires: 2026-11-22T09:00:00Z',
        '',
      ].join('\n'),
    );
  });

  void test('comes back as it was, and formats to the same body again', () => {
    fc.assert(
      fc.property(anyHead, (head) => {
        const travelled = parseHead(signHead(head, key).bytes);
        assert.deepEqual(travelled.head, head);
        assert.equal(formatHead(travelled.head), travelled.body.toString());
        assert.deepEqual(
          Buffer.concat([travelled.body, Buffer.from(travelled.armour)]),
          travelled.bytes,
        );
      }),
    );
  });

  void test('does without a manifest', () => {
    const { manifest: _, ...head } = exampleHead();
    const body = formatHead(head);
    assert(!body.includes('Manifest'));
    assert(!('manifest' in parseHead(signHead(head, key).bytes).head));
  });

  void test('has times to the second', () => {
    const issued = new Date('2026-11-21T09:00:00.999Z');
    assert.deepEqual(signHead(exampleHead({ issued }), key).head.issued, exampleHead().issued);
  });

  void test('is not written in a form that nobody would read', () => {
    const wrong: Partial<Head>[] = [
      { archive: '../etc' },
      { archive: 'a..b' },
      { network: 'two words' },
      { network: 'Example' },
      { network: 'a\nSerial: 9' },
      { serial: 0 },
      { serial: 1.5 },
      { serial: 2 ** 53 },
      { serial: 1e21 },
      { epoch: -1 },
      { manifest: { sha256: 'A'.repeat(64), bytes: 1 } },
      { manifest: { sha256: '5'.repeat(64), bytes: 0 } },
      { issued: new Date(Number.NaN) },
      { issued: new Date('+010000-01-01T00:00:00Z') },
      { expires: exampleHead().issued },
    ];
    for (const different of wrong) {
      assert.throws(() => formatHead(exampleHead(different)), { code: 'malformed-head' });
    }
  });
});

void describe('the grammar of a head', () => {
  const cases: [what: string, bytes: () => Uint8Array, why: RegExp][] = [
    ['nothing', () => Buffer.alloc(0), /no signature/],
    ['no armour', () => signed.body, /no signature/],
    ['no body', () => Buffer.from(signed.armour), /not ended|line 1/],
    ['CRLF', () => withBody((b) => b.replaceAll('\n', '\r\n')), /ASCII/],
    ['a NUL', () => withBody((b) => b.replace('example', 'exa\0ple')), /ASCII/],
    ['UTF-8', () => withBody((b) => b.replace('example', 'ex\xc3\xa4mple')), /ASCII/],
    ['a byte order mark', () => withBody((b) => `\xef\xbb\xbf${b}`), /ASCII/],
    ['another first line', () => withBody((b) => b.replace(': 1\n', ': 2\n')), /line 1.*Push-Head/],
    ['fields in another order', () => withBody(swapEpochAndSerial), /line 4.*Epoch/],
    [
      'a field twice',
      () => withBody((b) => b.replace('Epoch: 1\n', 'Epoch: 1\nEpoch: 1\n')),
      /line 5/,
    ],
    ['a field too many', () => withBody((b) => `${b}Note: x\n`), /line 9/],
    ['a field missing', () => withBody((b) => b.replace(/Network.*\n/, '')), /line 2.*Network/],
    ['an empty line', () => withBody((b) => `${b}\n`), /line 9/],
    ['other case', () => withBody((b) => b.replace('Serial', 'serial')), /line 5.*Serial/],
    ['two spaces', () => withBody((b) => b.replace('Epoch: ', 'Epoch:  ')), /line 4/],
    ['a space at the end', () => withBody((b) => b.replace('Epoch: 1', 'Epoch: 1 ')), /line 4/],
    ['a leading zero', () => withBody((b) => b.replace('Serial: ', 'Serial: 0')), /line 5/],
    ['a sign', () => withBody((b) => b.replace('Serial: ', 'Serial: +')), /line 5/],
    ['serial zero', () => withBody((b) => b.replace(/Serial: .*/, 'Serial: 0')), /line 5/],
    ['hex', () => withBody((b) => b.replace(/Serial: .*/, 'Serial: 0x10')), /line 5/],
    ['2^53', () => withBody((b) => b.replace(/Serial: .*/, 'Serial: 9007199254740992')), /2\^53/],
    ['an upper-case network', () => withBody((b) => b.replace('example', 'Example')), /network/],
    ['a folder as archive', () => withBody((b) => b.replace('debian', '../etc')), /archive/],
    ['upper-case digest', () => withBody((b) => b.replace(/5{64}/, 'A'.repeat(64))), /line 6/],
    ['short digest', () => withBody((b) => b.replace(/5{64}/, '5'.repeat(63))), /line 6/],
    ['other hash', () => withBody((b) => b.replace('sha256:', 'sha1:')), /line 6/],
    ['31 November', () => withBody((b) => b.replace('11-21T', '11-31T')), /Issued.*not exist/],
    ['29 February', () => withBody((b) => b.replace('2026-11-21T', '2026-02-29T')), /not exist/],
    ['24 o’clock', () => withBody((b) => b.replace('T09', 'T24')), /not exist/],
    ['fractions', () => withBody((b) => b.replace('00Z', '00.5Z')), /line 7/],
    ['no zone', () => withBody((b) => b.replace('00Z', '00')), /line 7/],
    [
      'expiry first',
      () => withBody((b) => b.replace('2026-11-22', '2026-11-20')),
      /expires before/,
    ],
    [
      'expiry at once',
      () => withBody((b) => b.replace('2026-11-22', '2026-11-21')),
      /expires before/,
    ],
    [
      'two signatures',
      () => Buffer.concat([signed.bytes, Buffer.from(signed.armour)]),
      /exactly one/,
    ],
    ['text after it', () => Buffer.concat([signed.bytes, Buffer.from('x\n')]), /exactly one/],
    ['an LF after it', () => Buffer.concat([signed.bytes, Buffer.from('\n')]), /exactly one/],
    ['a cut end', () => signed.bytes.subarray(0, -1), /exactly one/],
    ['an armour in mid-line', () => withBody((b) => b.slice(0, -1)), /not ended/],
    ['4097 bytes', () => withBody((b) => b.padStart(LARGEST_HEAD + 1, 'x')), /larger than 4096/],
  ];
  for (const [what, bytes, why] of cases) {
    void test(`has no place for ${what}`, () => assert.match(refusalOf(bytes()), why));
  }

  void test('survives any bytes', () => {
    const armour = Buffer.from(signed.armour);
    const anyBytes = fc.uint8Array({ maxLength: 5000 });
    const nearly = anyBytes.map((bytes) => Buffer.concat([bytes, armour]));
    fc.assert(fc.property(fc.oneof(anyBytes, nearly), (bytes) => void refusalOf(bytes)));
  });

  void test('never repeats what it was given', () => {
    const lines = signed.body.toString().split('\n').slice(0, -1);
    for (const line of lines.keys()) {
      const marked = lines.with(line, `${lines[line]} marker`).join('\n');
      const message = refusalOf(Buffer.from(`${marked}\n${signed.armour}`));
      assert(!message.includes('marker'), message);
    }
  });
});

function swapEpochAndSerial(body: string): string {
  return body.replace(/(Epoch.*\n)(Serial.*\n)/, '$2$1');
}
