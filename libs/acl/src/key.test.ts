import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { AclError } from './errors.ts';
import { fingerprint, parsePublicKey, sameKey } from './key.ts';

const folder = mkdtempSync(join(tmpdir(), 'key-'));
after(() => rmSync(folder, { recursive: true }));

describe('keys that ssh-keygen makes', () => {
  const kinds: [string, ...string[]][] = [
    ['ed25519'],
    ['ecdsa', '-b', '256'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
    ['rsa', '-b', '3072'],
  ];
  for (const [type, ...size] of kinds) {
    test(`${type} ${size.join(' ')}: read, with ssh-keygen's own fingerprint`, () => {
      const path = makeKey(type, size, 'leaf1 of Ünïcode & co');
      const line = readFileSync(`${path}.pub`, 'utf8');
      const key = parsePublicKey(line);
      assert.equal(key.comment, 'leaf1 of Ünïcode & co');
      assert.equal(`${key.line} ${key.comment}\n`, line);
      const shown = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'utf8' });
      assert.equal(fingerprint(key.blob), shown.split(' ')[1]);
      assert.deepEqual(parsePublicKey(`  ${key.line}\r\n`), { ...key, comment: '' });
    });
  }

  test('RSA of 2048 bits is refused with the reason', () => {
    const path = makeKey('rsa', ['-b', '2048'], 'x');
    assert.match(refusal(readFileSync(`${path}.pub`, 'utf8')), /RSA of 2048 bits is too short/);
  });
});

describe('keys that are refused', () => {
  const text = (value: string) => string(Buffer.from(value));
  const ed = (point: Buffer) => Buffer.concat([text('ssh-ed25519'), string(point)]);
  const good = ed(Buffer.alloc(32, 9));
  const line = (type: string, blob: Buffer) => `${type} ${blob.toString('base64')} x`;
  const modulus = Buffer.alloc(385, 0xff).fill(0, 0, 1);
  const rsa = (...numbers: Buffer[]) =>
    line('ssh-rsa', Buffer.concat([text('ssh-rsa'), ...numbers.map(string)]));

  test('the shape that the others spoil is a good one', () => {
    assert.equal(parsePublicKey(line('ssh-ed25519', good)).type, 'ssh-ed25519');
    assert.equal(parsePublicKey(rsa(Buffer.from([1, 0, 1]), modulus)).type, 'ssh-rsa');
  });

  const cases: [string, string, RegExp][] = [
    ['nothing', '', /not a line/],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', /private/],
    ['DSA', line('ssh-dss', good), /DSA/],
    ['a hardware key', line('sk-ssh-ed25519@openssh.com', good), /hardware keys/],
    ['a certificate', line('ssh-ed25519-cert-v01@openssh.com', good), /certificates/],
    ['options in front', `restrict ${line('ssh-ed25519', good)}`, /./],
    ['another type inside', line('ssh-rsa', good), /another type/],
    ['a byte too many', line('ssh-ed25519', Buffer.concat([good, Buffer.alloc(1)])), /damaged/],
    ['a byte too few', line('ssh-ed25519', good.subarray(0, -1)), /damaged/],
    ['a short point', line('ssh-ed25519', ed(Buffer.alloc(31, 9))), /damaged/],
    ['loose base64', `ssh-ed25519 ${good.toString('base64')}= x`, /base64/],
    ['small order', line('ssh-ed25519', ed(Buffer.alloc(32))), /small order/],
    ['a negative modulus', rsa(Buffer.from([1, 0, 1]), modulus.subarray(1)), /damaged/],
    ['needless zeros', rsa(Buffer.from([0, 1, 0, 1]), modulus), /damaged/],
    ['an even exponent', rsa(Buffer.from([1, 0, 0]), modulus), /damaged/],
    ['exponent one', rsa(Buffer.from([1]), modulus), /damaged/],
    [
      'a point off the curve',
      line(
        'ecdsa-sha2-nistp256',
        Buffer.concat([
          text('ecdsa-sha2-nistp256'),
          text('nistp256'),
          string(Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)])),
        ]),
      ),
      /not on the curve/,
    ],
    ['a line break in the comment', `${line('ssh-ed25519', good)}\nssh-ed25519 AAAA`, /control/],
    ['an endless line', `ssh-ed25519 ${'A'.repeat(20_000)}`, /16 KiB/],
  ];
  for (const [name, text_, why] of cases) {
    test(name, () => assert.match(refusal(text_), why));
  }

  test('any text is a key or an AclError, and a key is one to ssh-keygen too', () => {
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 });
    const spoiled = flips.map((changes) => {
      const blob = Buffer.from(good);
      for (const [at, value] of changes) blob[at] = value;
      return line('ssh-ed25519', blob);
    });
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.string({ unit: 'binary' })), (any) => {
        try {
          const key = parsePublicKey(any);
          assert.deepEqual(parsePublicKey(key.line).blob, key.blob);
        } catch (error) {
          assert.ok(error instanceof AclError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('sameKey', () => {
  assert.equal(sameKey(Buffer.from('a'), Buffer.from('a')), true);
  assert.equal(sameKey(Buffer.from('a'), Buffer.from('b')), false);
  assert.equal(sameKey(Buffer.from('a'), Buffer.from('ab')), false);
});

function refusal(line: string): string {
  try {
    parsePublicKey(line);
  } catch (error) {
    assert.ok(error instanceof AclError);
    assert.equal(error.code, 'unusable-key');
    return error.message;
  }
  return assert.fail('it was accepted');
}

function makeKey(type: string, size: string[], comment: string): string {
  const path = join(mkdtempSync(join(folder, 'k')), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-C', comment, '-f', path]);
  return path;
}

function string(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
