import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import {
  exampleHead,
  newKeyFile,
  newSigningKey,
  sshKeygen,
  temporaryFolder,
} from './fixtures.test.ts';
import { formatHead, parseHead } from './head.ts';
import { signHead } from './sign.ts';
import { readSigningKey } from './signing-key.ts';
import { decodeSignature, encodeSignature, wireString } from './sshsig-blob.ts';
import { signMessage, verifyMessage } from './sshsig.ts';

const message = Buffer.from('a text\n');
const NAMESPACE = 'pushmirror-head';

/** The verdict of the stock ssh-keygen, as an administrator would ask for it. */
function stockVerdict(
  t: TestContext,
  signed: { body: Uint8Array; armour: string },
  allowedSigners: string,
  namespace: string,
): boolean {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'allowed_signers'), allowedSigners);
  writeFileSync(join(folder, 'head.sig'), signed.armour);
  const files = ['-f', join(folder, 'allowed_signers'), '-s', join(folder, 'head.sig')];
  const args = ['-Y', 'verify', ...files, '-I', 'example', '-n', namespace];
  return sshKeygen(args, { input: signed.body }).ok;
}

function faultOf(armour: string, text: Uint8Array = message, namespace = NAMESPACE): string {
  try {
    verifyMessage(text, armour, namespace);
  } catch (error) {
    assert(error instanceof TriggerError);
    assert.equal(error.code, 'malformed-signature');
    return error.message;
  }
  return assert.fail('the signature was believed');
}

void describe('with the stock ssh-keygen', () => {
  void test('a head that we signed verifies there, for its namespace and text only', (t) => {
    const key = readSigningKey(newKeyFile(temporaryFolder(t), 'key'));
    const signed = signHead(exampleHead(), key);
    const signers = `example namespaces="${NAMESPACE}" ${key.publicKey.line}\n`;
    assert(stockVerdict(t, signed, signers, NAMESPACE));
    assert(!stockVerdict(t, signed, signers, 'pushmirror-hold'));
    const changed = Buffer.from(signed.body.toString().replace('2026112101', '2026112102'));
    assert(!stockVerdict(t, { ...signed, body: changed }, signers, NAMESPACE));
  });

  void test('it signs to the same bytes as we do, and we believe it', (t) => {
    const path = newKeyFile(temporaryFolder(t), 'key');
    const key = readSigningKey(path);
    const body = Buffer.from(formatHead(exampleHead()));
    const stock = sshKeygen(['-Y', 'sign', '-f', path, '-n', NAMESPACE], { input: body });
    const armour = stock.stdout.toString();
    assert.equal(armour, signMessage(body, key, NAMESPACE));
    const { head } = parseHead(Buffer.concat([body, stock.stdout]));
    assert.deepEqual(head, exampleHead());
    assert.deepEqual(verifyMessage(body, armour, NAMESPACE).blob, key.publicKey.blob);
  });

  void test('its sha256 signatures are believed too', (t) => {
    const path = newKeyFile(temporaryFolder(t), 'key');
    const args = ['-Y', 'sign', '-f', path, '-n', NAMESPACE, '-O', 'hashalg=sha256'];
    const armour = sshKeygen(args, { input: message }).stdout.toString();
    assert.equal(decodeSignature(armour).hash, 'sha256');
    verifyMessage(message, armour, NAMESPACE);
  });

  void test('its signatures for another namespace are not believed', (t) => {
    const path = newKeyFile(temporaryFolder(t), 'key');
    const args = ['-Y', 'sign', '-f', path, '-n', 'file'];
    const armour = sshKeygen(args, { input: message }).stdout.toString();
    verifyMessage(message, armour, 'file');
    assert.match(faultOf(armour), /another namespace/);
  });

  for (const type of ['ecdsa', 'rsa']) {
    void test(`its ${type} signatures are refused by name`, (t) => {
      const path = newKeyFile(temporaryFolder(t), 'key', '-t', type);
      const args = ['-Y', 'sign', '-f', path, '-n', NAMESPACE];
      const armour = sshKeygen(args, { input: message }).stdout.toString();
      assert.match(faultOf(armour), /not an ed25519 key/);
    });
  }
});

void describe('a signature', () => {
  const key = newSigningKey();
  const armour = signMessage(message, key, NAMESPACE);
  const fields = decodeSignature(armour);

  void test('belongs to its text', () => {
    verifyMessage(message, armour, NAMESPACE);
    assert.match(faultOf(armour, Buffer.from('another text\n')), /does not belong/);
  });

  void test('belongs to its key', () => {
    const other = newSigningKey().publicKey.blob;
    assert.match(faultOf(encodeSignature({ ...fields, key: other })), /does not belong/);
  });

  void test('does not become valid by naming another namespace', () => {
    const forged = encodeSignature({ ...fields, namespace: 'pushmirror-hold' });
    assert.match(faultOf(forged, message, 'pushmirror-hold'), /does not belong/);
  });

  void test('of a key that anybody can sign for is refused', () => {
    const weak = Buffer.concat([wireString('ssh-ed25519'), wireString(Buffer.alloc(32))]);
    assert.match(faultOf(encodeSignature({ ...fields, key: weak })), /not usable/);
  });

  const blob = Buffer.from(armour.split('\n').slice(1, -2).join(''), 'base64');
  const rearmour = (bytes: Buffer) =>
    armour.replace(/-\n[^-]*/, `-\n${bytes.toString('base64')}\n`);
  const at = (offset: number, byte: number) => {
    const copy = Buffer.from(blob);
    copy[offset] = byte;
    return copy;
  };
  const signatureOf = (type: string, length: number) =>
    encodeSignature({
      ...fields,
      signature: Buffer.concat([wireString(type), wireString(Buffer.alloc(length))]),
    });
  const damaged: [what: string, armour: string, why: RegExp][] = [
    ['nothing', '', /BEGIN/],
    ['no END line', armour.replace(/-----END.*\n/, ''), /END/],
    ['text in front', `x\n${armour}`, /BEGIN/],
    ['text behind', `${armour}x\n`, /END/],
    ['loose base64', armour.replace('U1NI', 'U1N!'), /base64/],
    ['no padding in base64', rearmour(blob.subarray(0, -1)).replaceAll('=', ''), /base64/],
    ['other magic', rearmour(at(0, 0)), /not an SSH signature/],
    ['version 2', rearmour(at(9, 2)), /version/],
    ['version 0', rearmour(at(9, 0)), /version/],
    ['no fields', rearmour(blob.subarray(0, 8)), /cut short/],
    ['a huge length', rearmour(at(10, 0xff)), /damaged/],
    ['a cut end', rearmour(blob.subarray(0, -1)), /damaged/],
    ['bytes left over', rearmour(Buffer.concat([blob, Buffer.from('x')])), /damaged/],
    ['an empty namespace', encodeSignature({ ...fields, namespace: '' }), /namespace/],
    ['an inner signature of another type', signatureOf('ssh-rsa', 64), /not an ed25519 signature/],
    ['a short inner signature', signatureOf('ssh-ed25519', 63), /inner signature/],
    ['far too much', `-----BEGIN SSH SIGNATURE-----\n${'A'.repeat(5000)}`, /longer/],
  ];
  for (const [what, bad, why] of damaged) {
    void test(`with ${what} is refused`, () => assert.match(faultOf(bad), why));
  }

  void test('with a reserved field or an unknown hash is refused', () => {
    const reserved = Buffer.from(
      blob.toString('latin1').replace(`${NAMESPACE}\0\0\0\0`, `${NAMESPACE}\0\0\0\x01x`),
      'latin1',
    );
    assert.match(faultOf(rearmour(reserved)), /reserved/);
    const hash = Buffer.from(blob.toString('latin1').replace('sha512', 'sha384'), 'latin1');
    assert.match(faultOf(rearmour(hash)), /hash/);
  });

  void test('with any one byte changed is not believed', () => {
    const anyChange = fc.tuple(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(anyChange, ([offset, difference]) => {
        faultOf(rearmour(at(offset, (blob[offset] ?? 0) ^ difference)));
      }),
    );
  });

  void test('of any bytes is refused without a crash', () => {
    const magic = Buffer.from('SSHSIG\0\0\0\x01', 'latin1');
    const anyBlob = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.concat([magic, bytes]));
    fc.assert(fc.property(anyBlob, (bytes) => void faultOf(rearmour(bytes))));
    fc.assert(fc.property(fc.string({ maxLength: 600 }), (text) => void faultOf(text)));
  });
});
