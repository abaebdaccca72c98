import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newKeyFile, temporaryFolder } from './fixtures.test.ts';
import { readSigningKey } from './signing-key.ts';

void test('the public half is the one in the .pub file', (t) => {
  const path = newKeyFile(temporaryFolder(t), 'key');
  const { publicKey } = readSigningKey(path);
  assert.equal(`${publicKey.line} test\n`, readFileSync(`${path}.pub`, 'utf8'));
});

void test('a key that others can read is refused', (t) => {
  const path = newKeyFile(temporaryFolder(t), 'key');
  chmodSync(path, 0o640);
  assert.throws(() => readSigningKey(path), { code: 'secret-exposed', message: /chmod 600/ });
});

void test('a key that is not there is named', (t) => {
  const path = join(temporaryFolder(t), 'nothing');
  assert.throws(() => readSigningKey(path), { code: 'secret-missing', message: /nothing/ });
});

void test('a key with a passphrase, of another type, or public is refused with its reason', (t) => {
  const folder = temporaryFolder(t);
  const locked = newKeyFile(folder, 'locked', '-N', 'secret');
  assert.throws(() => readSigningKey(locked), { code: 'unusable-key', message: /passphrase/ });
  const ecdsa = newKeyFile(folder, 'ecdsa', '-t', 'ecdsa');
  assert.throws(() => readSigningKey(ecdsa), { code: 'unusable-key', message: /not an ed25519/ });
  chmodSync(`${locked}.pub`, 0o600);
  const half = `${locked}.pub`;
  assert.throws(() => readSigningKey(half), { code: 'unusable-key', message: /not a private/ });
});

void test('a damaged key is refused', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'key');
  for (const text of ['', 'hello', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n']) {
    writeFileSync(path, text, { mode: 0o600 });
    assert.throws(() => readSigningKey(path), { code: 'unusable-key' });
  }
});

void test('a key put together from two is refused', (t) => {
  const folder = temporaryFolder(t);
  const [one, other] = ['one', 'other'].map((name) => {
    const path = newKeyFile(folder, name);
    return { path, point: readSigningKey(path).publicKey.blob.subarray(-32) };
  });
  assert(one !== undefined && other !== undefined);
  const [begin = '', ...rest] = readFileSync(one.path, 'utf8').trim().split('\n');
  const end = rest.pop() ?? '';
  const blob = Buffer.from(rest.join(''), 'base64').toString('latin1');
  const mixed = blob.replaceAll(one.point.toString('latin1'), () => other.point.toString('latin1'));
  const lines =
    Buffer.from(mixed, 'latin1')
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  const path = join(folder, 'mixed');
  writeFileSync(path, [begin, ...lines, end, ''].join('\n'), { mode: 0o600 });
  assert.throws(() => readSigningKey(path), { code: 'unusable-key', message: /belong together/ });
});
