import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'smol-toml';
import { createKeyPair } from '../../../../test/harness/ssh-keys.ts';
import { createSite, write, type Site } from '../sync/site.test.ts';
import { examine } from './examine.ts';

/** Each fault is made, seen, and the sentence about it says how to mend it. */
void describe('doctor', () => {
  let site: Site;
  let config: string;
  let settings: Record<string, unknown>;
  let key: { path: string; publicKey: string };

  const at = (name: string) => join(site.folder, name);
  /** The findings of a configuration with changes, as `CHECK STATE: SEEN | MEND`. */
  const found = async (changes: object = {}, archive: object = {}) => {
    const base = settings['archive'] as object[];
    const all = { ...settings, ...changes, archive: [{ ...base[0], ...archive }] };
    writeFileSync(config, stringify(all));
    const findings = await examine(config, new AbortController().signal);
    return findings.map(
      ({ check, state, seen, mend }) => `${check} ${state}: ${seen} | ${mend ?? ''}`,
    );
  };
  const one = async (check: string, changes?: object, archive?: object) =>
    (await found(changes, archive)).filter((line) => line.startsWith(`${check} `)).join('\n');

  before(async () => {
    site = await createSite();
    write(site.up, 'project/trace/master', 'Archive serial: 1\n');
    mkdirSync(at('state'));
    mkdirSync(site.to);
    key = await createKeyPair(at('key'));
    writeFileSync(at('signers'), `example ${key.publicKey}\n`);
    config = at('mirror-agent.toml');
    settings = {
      name: 'leaf.example.org',
      network: 'example',
      state: at('state'),
      allowed_signers: at('signers'),
      peer: [{ name: 'hub.example.org', key: key.publicKey }],
      archive: [
        { name: 'debian', to: site.to, upstream: site.rsyncd.url('debian'), min_free: '1K' },
      ],
    };
  });
  after(() => site.close());

  void test('an installation without faults, but that it does not run', async () => {
    const lines = await found();
    assert.deepEqual(
      lines.filter((line) => / fault: /.test(line)).map((line) => line.split(' ')[0]),
      ['daemon'],
    );
    assert.match(await one('daemon'), /\| Start it: systemctl start mirror-agent\.$/);
    assert.match(await one('upstream of debian'), /good: .* shows no head: classic sync/);
    assert.match(await one('peers'), /good: 1 may push/);
  });

  void test('the configuration, and the keys and secrets that it names', async () => {
    assert.match(
      await one('configuration', { network: 'No Network' }),
      /fault: .*network.*\| Correct/s,
    );
    writeFileSync(at('open_key'), 'secret', { mode: 0o644 });
    chmodSync(at('open_key'), 0o644);
    const open = await one('configuration', { push_key: at('open_key') });
    assert.match(open, /fault: .*push_key: .*open_key.*chmod (600|go)/);
    assert.match(await one('configuration', { push_key: at('none') }), /push_key: .*none/);
    const callback = { host: 'up.example.org', key: at('open_key') };
    assert.match(await one('configuration', {}, { callback }), /callback\.key: .*chmod/);
    const bad = { peer: [{ name: 'hub.example.org', key: 'ssh-ed25519 AAAA' }] };
    assert.match(await one('configuration', bad), /fault: .*peer\[0\]\.key/);
    rmSync(config);
    assert.match(
      (await examine(config, new AbortController().signal))[0]?.seen ?? '',
      /mirror-agent\.toml/,
    );
  });

  void test('rsync that is missing or old', async () => {
    const path = process.env['PATH'] ?? '';
    const folder = at('bin');
    mkdirSync(folder);
    try {
      process.env['PATH'] = folder;
      assert.match(
        await one('rsync'),
        /fault: it cannot be run \| Install it: apt install rsync\./,
      );
      const script = '#!/bin/sh\necho "rsync  version 3.1.3  protocol version 31"\n';
      writeFileSync(join(folder, 'rsync'), script, { mode: 0o755 });
      process.env['PATH'] = `${folder}${delimiter}${path}`;
      assert.match(await one('rsync'), /note: version 3\.1\.3 \| Take 3\.2\.7 or later/);
    } finally {
      process.env['PATH'] = path;
    }
    assert.match(await one('rsync'), /good: version 3\./);
  });

  void test('folders: the state, the tree, and the room for it', async () => {
    const none = at('nowhere');
    assert.match(
      await one('state', { state: none }),
      /fault: .*nowhere.* \| Make it, .* install -d/,
    );
    assert.equal(existsSync(none), false, 'doctor makes nothing');
    const tree = await one('archive debian', {}, { to: none });
    assert.match(tree, /fault: .*nowhere.*ENOENT.* \| Make it/);
    writeFileSync(at('file'), '');
    assert.match(await one('archive debian', {}, { to: at('file') }), /fault: .*it is no folder/);
    const full = await one('archive debian', {}, { min_free: '1000000G' });
    assert.match(full, /fault: .* MB left \| Make room, or lower min_free/);
  });

  void test('who may sign, and who may push', async () => {
    const signers = (text: string) => {
      writeFileSync(at('others'), text);
      return one('allowed_signers', { allowed_signers: at('others') });
    };
    assert.match(
      await signers('# nobody\n'),
      /note: .*names nobody.* \| Put there what the network/,
    );
    assert.match(await signers('what is this\n'), /fault: .*others:1.* \| Put there/);
    assert.match(await one('allowed_signers', { allowed_signers: at('none') }), /fault: .*none/);
    assert.match(await one('peers', { peer: [] }), /note: nobody may push \| .*Add a \[\[peer\]\]/);
  });

  void test('the master: none, away, and another time than here', async () => {
    assert.match(await one('master'), /note: none is set/);
    writeFileSync(at('token'), 'token\n', { mode: 0o600 });
    let date = new Date();
    const server = createServer((_, response) => {
      response.setHeader('Date', date.toUTCString());
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const master = { master: { url, token_file: at('token') } };
    assert.match((await found(master)).join('\n'), /^master good[\s\S]*^clock good/m);
    date = new Date(Date.now() - 3_600_000);
    assert.match(await one('clock', master), /fault: .* by 3\d\d\d s \| Run an NTP client/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.match(await one('master', master), /fault: .* \| Look at the URL, the network/);
  });

  void test('doors that nobody opened', async () => {
    const ssh_server = { address: '127.0.0.1', port: 1, host_key: key.path };
    const doors = { ssh_server, rsyncd: { address: '127.0.0.1', port: 1 } };
    assert.match(await one('SSH server', doors), /fault: 127\.0\.0\.1:1: .* \| .*\[ssh_server\]/);
    assert.match(await one('rsync daemon', doors), /fault: 127\.0\.0\.1:1: .* \| .*\[rsyncd\]/);
    const { port } = new URL(site.rsyncd.url('debian'));
    const open = { rsyncd: { address: '127.0.0.1', port: Number(port) } };
    assert.match(await one('rsync daemon', open), /good: .* answers/);
  });

  void test('upstreams: away, with another module, and with nothing to go by', async () => {
    const upstream = (url: string) => one('upstream of debian', {}, { upstream: url });
    assert.match(await upstream('rsync://127.0.0.1:1/debian'), /fault: .* \| Look at the URL/);
    assert.match(await upstream(site.rsyncd.url('other')), /fault: .*other.* \| Look at the URL/);
    assert.match(await upstream('rsync://-x/y'), /fault: .*not an upstream/);
    rmSync(join(site.up, 'project'), { recursive: true });
    assert.match(await one('upstream of debian'), /note: .* \| .*whether it is the right module/);
    write(site.up, 'project/trace/master', 'Archive serial: 1\n');
  });
});
