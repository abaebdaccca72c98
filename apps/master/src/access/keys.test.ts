import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { findSigner, parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import { followSigners, trustOf, type Trust } from '@pushmirror/trigger/head/follow-signers';
import { parseHead } from '@pushmirror/trigger/head/head';
import { SIGNERS_PATH, splitSigners } from '@pushmirror/trigger/head/signers';
import { verifyMessage } from '@pushmirror/trigger/head/sshsig';
import ssh2 from 'ssh2';
import { createFixture, someKey, type Fixture } from '../setup/fixture.test.ts';
import { RESTRICTED } from './fixture.test.ts';

interface KeyLine {
  kind: string;
  owner: string;
  id: string;
  state: string;
  until: string | null;
}
const keysOf = async (f: Fixture, owner: string, kind: string) => {
  const { keys } = (await f.call('GET', '/v1/keys')).body as { keys: KeyLine[] };
  return keys.filter((key) => key.owner === owner && key.kind === kind);
};
const printOf = (line: string) => fingerprint(parsePublicKey(line).blob);
const ask = async (f: Fixture, token: string) =>
  (await f.call('GET', '/v1/access', undefined, token)).body as AccessResponse;

test('a mirror that says its pull key is let in over SSH, by the rules, where it pulls', async (t) => {
  const hostKeyFile = '/ssh_host_ed25519_key.pub';
  const f = await createFixture(t, (config) => {
    const host_key = `${config.state}${hostKeyFile}`;
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', host_key.slice(0, -4)]);
    const url = 'ssh://mirror@ftp.example.org';
    return { ...config, rsync_ssh: { url, host_key, rsync: '/usr/bin/rsync' } };
  });
  await f.addArchive();
  const hub = await f.addMirror('hub');
  const leaf = await f.addMirror('leaf', { upstream: 'hub', pushKey: undefined });
  const [first, second] = [someKey(), someKey()];
  const announce = (token: string, body: object) => f.call('POST', '/v1/access/keys', body, token);
  assert.equal((await announce(leaf, { pullKey: first })).status, 200);
  const puller = { mirror: 'leaf', key: first };
  const debian = [{ name: 'debian', from: ['0.0.0.0/0', '::/0'] }];
  assert.deepEqual((await ask(f, hub)).sshPullers, [{ ...puller, modules: debian }]);
  const { sources } = await ask(f, leaf);
  const hostKey = (await readFile(f.config.state + hostKeyFile, 'utf8')).split(' ', 2).join(' ');
  assert.deepEqual(sources[1]?.ssh, { url: 'ssh://mirror@ftp.example.org', hostKey });

  const installed = join(f.config.state, 'rsync-ssh/authorized_keys');
  const line = async () => (await readFile(installed, 'utf8')).trim().split('\n');
  assert.match((await line())[0] ?? '', /^restrict,command="\/usr\/bin\/rsync --server /);
  assert.equal((await announce(leaf, { pullKey: second })).status, 200);
  assert.equal((await line()).length, 2, 'the key of before still counts');
  const check = async () =>
    (await f.call('GET', '/v1/acl/check')).body as { managed: boolean; drift: { text: string }[] };
  const { managed, drift: none } = await check();
  assert.deepEqual([managed, none], [true, []]);
  f.clock.now = new Date(f.clock.now.getTime() + 86_400_000);
  assert.equal((await ask(f, hub)).sshPullers.length, 1, 'for a day');

  const deny = { ...RESTRICTED, archive: undefined, key: printOf(second) };
  assert.equal((await f.call('POST', '/v1/acl/rules', deny)).status, 200);
  assert.deepEqual((await ask(f, hub)).sshPullers[0]?.modules, [], 'a rule about the key');
  assert.equal((await f.call('DELETE', `/v1/acl/rules/${RESTRICTED.id}`)).status, 200);
  await writeFile(installed, `${(await line()).join('\n')}\nssh-ed25519 AAAA intruder\n`);
  const { drift } = await check();
  assert.deepEqual(
    drift.map(({ text }) => text),
    ['ssh-ed25519 AAAA intruder'],
  );

  assert.equal((await f.call('POST', '/v1/mirrors/leaf/suspend', { reason: 'x' })).status, 200);
  assert.deepEqual((await ask(f, hub)).sshPullers, []);
  const taken = await announce(hub, { pullKey: second });
  assert.equal(taken.status, 422, 'nobody takes the key of another');
  for (const pullKey of ['ssh-rsa AAAA', 'nonsense', `from="*" ${first}`]) {
    const { status, text } = await announce(hub, { pullKey });
    assert.equal(status, 422);
    assert.match(text, /pull key: This public key cannot be used: /);
  }
});

test('another host key of a place to pull from is held until somebody confirms it', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub');
  const leaf = await f.addMirror('leaf', { upstream: 'hub', pushKey: undefined });
  const [old, fresh] = [someKey(), someKey()];
  const url = 'ssh://mirror@hub.example.org:2222';
  const say = async (hostKey: string) =>
    (await f.call('POST', '/v1/access/keys', { sshSource: { url, hostKey } }, hub)).body;
  const told = async () => (await ask(f, leaf)).sources[0]?.ssh?.hostKey;
  assert.deepEqual(await say(old), { held: false });
  assert.equal(await told(), old);
  assert.deepEqual(await say(fresh), { held: true });
  assert.deepEqual(await say(fresh), { held: true });
  assert.equal(await told(), old, 'what counts is what was pinned');
  const confirm = (key: string, token?: string) => {
    const body = { fingerprint: printOf(key) };
    return f.call('POST', '/v1/mirrors/hub/confirm-key', body, token);
  };
  assert.equal((await confirm(old)).status, 422);
  assert.equal((await confirm(fresh, leaf)).status, 403, 'an agent confirms nothing');
  assert.equal((await confirm(fresh)).status, 200);
  assert.equal(await told(), fresh);
  assert.match((await f.call('GET', '/v1/audit')).text, /host-key-confirm/);
  for (const odd of ['ssh://hub.example.org', 'ssh://-o@x', 'ssh://a@b/c', 'ssh://a@b:99999']) {
    const sshSource = { url: odd, hostKey: old };
    assert.equal((await f.call('POST', '/v1/access/keys', { sshSource }, hub)).status, 422, odd);
  }
});

test('a mirror that shows another SSH host key is sent nothing, until that key is confirmed', async (t) => {
  const f = await createFixture(t);
  const { private: pem, public: line } = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const server = new ssh2.Server({ hostKeys: [pem] }, (client) => client.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await f.addArchive();
  await f.addMirror('hub', { ssh: { host: '127.0.0.1', port, user: 'mirror' } });
  const [pinned] = await keysOf(f, 'hub', 'host');
  await f.publish();
  let held: KeyLine | undefined;
  for (let tries = 0; tries < 200 && held === undefined; tries += 1) {
    await delay(50);
    held = (await keysOf(f, 'hub', 'host')).find(({ state }) => state === 'held');
  }
  assert.equal(held?.id, printOf(line));
  const body = { fingerprint: held?.id };
  assert.equal((await f.call('POST', '/v1/mirrors/hub/confirm-key', body)).status, 200);
  const now = await keysOf(f, 'hub', 'host');
  assert.deepEqual(
    now.map(({ id, state }) => [id, state]),
    [[held?.id, 'current']],
  );
  assert.notEqual(now[0]?.id, pinned?.id);
  assert.match((await f.call('GET', '/v1/audit')).text, /rollout-retry/);
});

test('a new signing key is announced under the old one, then used; mirrors can go from one to the other', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub');
  await f.publish();
  const anchor = parseAllowedSigners(await readFile(f.config.allowed_signers, 'utf8'), 'file');
  const head = () => readFile(join(f.tree, 'project/pushmirror/Release.head'));
  const maySign = async (trust: Trust, at: Date) => {
    const { body, armour } = parseHead(await head());
    const { blob } = verifyMessage(body, armour, 'pushmirror-head');
    return findSigner(trust.signers, { blob, namespace: 'pushmirror-head', at }).found;
  };
  const learnt = async () => {
    const bytes = await readFile(join(f.tree, SIGNERS_PATH));
    const about = { network: 'example', now: f.clock.now };
    return followSigners(anchor, trustOf(anchor), splitSigners(bytes), about);
  };
  const rotate = (kind: string, leadSeconds: number, overlapSeconds: number) =>
    f.call('POST', `/v1/keys/${kind}`, { leadSeconds, overlapSeconds });

  assert.equal((await rotate('signing', 60, 30)).status, 422);
  const told = await rotate('signing', 60, 3600);
  assert.equal(told.status, 200, told.text);
  assert.equal((await rotate('signing', 60, 3600)).status, 409, 'one after the other');
  assert.equal(await maySign(trustOf(anchor), f.clock.now), true, 'the old key signs until then');
  assert.equal((await learnt()).refused, undefined);
  assert.equal((await ask(f, hub)).signers.length, 1);
  assert.equal((await f.call('GET', '/v1/signers', undefined, null)).status, 200);

  f.clock.now = new Date(f.clock.now.getTime() + 61_000);
  await f.master.start();
  assert.equal(await maySign(trustOf(anchor), f.clock.now), false, 'the new one signs');
  assert.equal(await maySign(await learnt(), f.clock.now), true);
  const { next } = told.body as { next: string };
  const current = execFileSync('ssh-keygen', ['-lf', f.config.signing_key], { encoding: 'utf8' });
  assert.equal(current.split(' ')[1], next);

  const stock = join(f.folder, 'stock');
  const { body, armour } = parseHead(await head());
  await writeFile(stock, armour);
  const words = ['-Y', 'verify', '-f', f.config.allowed_signers, '-I', 'example'];
  execFileSync('ssh-keygen', [...words, '-n', 'pushmirror-head', '-s', stock], { input: body });

  const second = await rotate('signing', 0, 0);
  assert.equal(second.status, 200, second.text);
  assert.equal(await maySign(await learnt(), f.clock.now), true, 'in an emergency, at once');
  const again = await f.publish();
  assert.equal(parseHead(await head()).head.serial, again.serial);
  assert.equal(await maySign(await learnt(), f.clock.now), true);
  assert.match((await f.call('GET', '/v1/audit')).text, /key-switch/);
});

test('a new push key is announced, used, and the old one accepted until its time', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub');
  const keys = async () => {
    const { pushKey, pushKeys = [] } = (await ask(f, hub)).sources[0] ?? {};
    return [pushKey, ...pushKeys].map((line) => printOf(line ?? ''));
  };
  const [old] = await keys();
  const body = { leadSeconds: 60, overlapSeconds: 3600 };
  const { next } = (await f.call('POST', '/v1/keys/push', body)).body as { next: string };
  assert.deepEqual(await keys(), [old, next]);
  f.clock.now = new Date(f.clock.now.getTime() + 61_000);
  await f.master.start();
  assert.deepEqual(await keys(), [next, old]);
  f.clock.now = new Date(f.clock.now.getTime() + 3_600_000);
  assert.deepEqual(await keys(), [next]);
});

test('a hub that changes its push key is believed by both for a day', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const [old, fresh] = [someKey(), someKey()];
  await f.addMirror('hub', { pushKey: old });
  const leaf = await f.addMirror('leaf', { upstream: 'hub', pushKey: undefined });
  const keys = async () => {
    const { pushKey, pushKeys = [] } = (await ask(f, leaf)).sources[0] ?? {};
    return [pushKey, ...pushKeys];
  };
  assert.deepEqual(await keys(), [old]);
  assert.equal((await f.call('POST', '/v1/mirrors/hub/change', { pushKey: fresh })).status, 200);
  assert.deepEqual(await keys(), [fresh, old]);
  f.clock.now = new Date(f.clock.now.getTime() + 86_400_000);
  assert.deepEqual(await keys(), [fresh]);
});
