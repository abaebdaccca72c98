import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readPushKey } from './push-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'push-key-'));
after(() => rmSync(folder, { recursive: true }));
const make = (name: string, ...words: string[]) => {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-N', '', '-f', path, ...words]);
  return path;
};

test('an ed25519 key is read; others may not read it too', () => {
  const path = make('good', '-t', 'ed25519');
  assert.equal(readPushKey(path).type, 'ssh-ed25519');
  chmodSync(path, 0o640);
  assert.throws(() => readPushKey(path), /can be read by others/);
});

test('a weak key, a public one and one with a passphrase are refused with the reason', () => {
  const weak = make('weak', '-t', 'rsa', '-b', '2048', '-m', 'PEM');
  assert.throws(() => readPushKey(weak), /RSA of 2048 bits is too short/);
  const good = make('other', '-t', 'ed25519');
  chmodSync(`${good}.pub`, 0o600);
  assert.throws(() => readPushKey(`${good}.pub`), { code: 'unusable-key' });
  const locked = join(folder, 'locked');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', locked]);
  assert.throws(() => readPushKey(locked), { code: 'unusable-key' });
});
