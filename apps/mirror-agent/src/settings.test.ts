import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeKey, tempFolder, writeConfig } from './fixtures.test.ts';
import { loadSettings } from './settings.ts';

const folder = tempFolder();

test('every key and secret is checked at the start, and all faults are told at once', () => {
  writeFileSync(join(folder, 'open'), 'secret', { mode: 0o644 });
  const path = writeConfig(folder, '/nowhere', {
    master: { url: 'http://127.0.0.1:1', token_file: join(folder, 'open') },
    push_key: join(folder, 'missing'),
    peer: [{ name: 'hub', key: 'ssh-dss AAAA' }],
  });
  assert.throws(
    () => loadSettings(path),
    (error: Error) => {
      const lines = error.message.split('\n').map((line) => line.replaceAll(folder, 'F'));
      assert.deepEqual(lines, [
        'F/mirror-agent.toml: peer[0].key: This public key cannot be used: DSA keys are broken. Make one with: ssh-keygen -t ed25519',
        'F/mirror-agent.toml: master.token_file: F/open can be read by others (mode 0644). Run: chmod 600 F/open',
        'F/mirror-agent.toml: push_key: F/missing does not exist.',
      ]);
      return true;
    },
  );
});

test('peers become rules: each may notify of its archives, from its addresses', () => {
  const key = makeKey(join(folder, 'hub'));
  const path = writeConfig(folder, '/nowhere', {
    peer: [{ name: 'hub', key, from: ['192.0.2.0/24'], archives: ['debian'] }],
  });
  const { rules, peers } = loadSettings(path);
  assert.deepEqual(
    peers.map(({ name, key: { line } }) => [name, line]),
    [['hub', key]],
  );
  assert.deepEqual(rules, [
    {
      id: 'peer:hub:debian',
      effect: 'allow',
      who: { mirror: 'hub' },
      action: 'trigger',
      archive: 'debian',
      from: ['192.0.2.0/24'],
    },
  ]);
});
