import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@pushmirror/config';
import { z } from 'zod';
import { masterSchema, publicUrl, rsyncUrl } from './config.ts';
import { localUrl } from './local-url.ts';
import { exampleConfig } from './setup/example-config.ts';

const example = fileURLToPath(new URL('../../../config/master.toml', import.meta.url));
const folder = '/etc/pushmirror';
const generated = exampleConfig({
  network: 'example',
  name: 'ftp.example.org',
  config: `${folder}/master.toml`,
  signingKey: `${folder}/signing_key`,
  pushKey: `${folder}/push_key`,
  allowedSigners: `${folder}/allowed_signers`,
  adminToken: `${folder}/admin_token`,
  state: '/var/lib/pushmirror-master',
});
const parse = (text: string) => parseConfig(text, masterSchema, 'master.toml');

test('the annotated example is what init writes', () => {
  assert.equal(readFileSync(example, 'utf8'), generated);
});

test('every key that it mentions is one, and shows its default', () => {
  const plain = parse(generated);
  const everything = parse(generated.replace(/^# (?=(\w+ = |\[))/gm, ''));
  assert.deepEqual(everything.trust_proxy, ['127.0.0.0/8', '::1/128']);
  assert.equal(everything.rsyncd?.hosts_allow.length, 2);
  assert.deepEqual(everything.push, plain.push);
  assert.deepEqual(everything.retention, plain.retention);
  assert.equal(everything.head_lifetime, plain.head_lifetime);
  assert.equal(everything.delete_limit, plain.delete_limit);
  const { properties = {} } = z.toJSONSchema(masterSchema, { io: 'input', unrepresentable: 'any' });
  const keys = Object.entries(properties).flatMap(([name, part]) => [
    name,
    ...Object.keys((part as { properties?: object }).properties ?? {}),
  ]);
  const missing = keys.filter(
    (key) => !new RegExp(`^(?:# )?(?:\\[${key}\\]|${key} = )`, 'm').test(generated),
  );
  assert.deepEqual([keys.length > 40, missing], [true, []]);
});

test('every mistake is listed, each with its place', () => {
  const text = generated
    .replace('"/var/lib/pushmirror-master"', '"state"')
    .replace('8470', '84700')
    .replace('push_key = ', 'push_kee = ');
  assert.throws(
    () => parse(text),
    (error: Error) => {
      for (const place of ['state', 'listen.port', 'push_kee', 'push_key']) {
        assert.match(error.message, new RegExp(`^master.toml: .*${place}`, 'm'));
      }
      return true;
    },
  );
});

test('addresses that others can use', () => {
  const config = parse(generated);
  assert.equal(localUrl({ ...config, listen: { address: '::', port: 1 } }), 'http://[::1]:1');
  assert.equal(publicUrl({ ...config, public_url: 'https://x.example/' }), 'https://x.example');
  assert.equal(rsyncUrl(config), 'rsync://ftp.example.org');
  const rsyncd = { address: '2001:db8::1', port: 8730, hosts_allow: [], max_connections: 1 };
  assert.equal(rsyncUrl({ ...config, rsyncd }), 'rsync://[2001:db8::1]:8730');
});
