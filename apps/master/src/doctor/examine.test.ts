import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'smol-toml';
import { createFixture } from '../setup/fixture.test.ts';
import { examine } from './examine.ts';

void test('doctor: each fault is made, seen, and told how to mend', async (t) => {
  const fixture = await createFixture(t);
  const { folder, master, tree } = fixture;
  const path = join(folder, 'master.toml');
  const settings: Record<string, unknown> = parse(await readFile(path, 'utf8'));
  await fixture.addArchive();
  await master.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = master.app.server.address() as AddressInfo;
  Object.assign(settings, { listen: { address: '127.0.0.1', port } });
  delete settings['rsyncd'];

  const found = async (changes: object = {}) => {
    await writeFile(path, stringify({ ...settings, ...changes }));
    const findings = await examine(path);
    return findings.map(
      ({ check, state, seen, mend }) => `${check} ${state}: ${seen} | ${mend ?? ''}`,
    );
  };
  const one = async (check: string, changes?: object) =>
    (await found(changes)).filter((line) => line.startsWith(`${check} `)).join('\n');
  /** Make a fault, look, and take it back. */
  const during = async (make: () => Promise<void>, check: string, back: () => Promise<void>) => {
    await make();
    const said = await one(check);
    await back();
    return said;
  };
  const file = (key: string) => String(settings[key]);

  await t.test('a master that runs has none', async () => {
    const lines = await found();
    assert.deepEqual(
      lines.filter((line) => / fault: /.test(line)),
      [],
    );
    assert.match(lines.join('\n'), /^archive debian good: .* can be read/m);
  });

  await t.test('the configuration', async () => {
    const said = await one('configuration', { network: 'No Network', unknown: 1 });
    assert.match(said, /fault: .*network[\s\S]*unknown[\s\S]*\| Correct the file as it says\./);
  });

  await t.test('keys that are missing, open, or not those that mirrors believe', async () => {
    const key = file('signing_key');
    const moved = `${key}.away`;
    const gone = () => rename(key, moved);
    const back = () => rename(moved, key);
    assert.match(
      await during(gone, 'keys', back),
      /fault: .*signing.* \| Restore it from your backup/,
    );
    const push = file('push_key');
    const open = await during(
      () => chmod(push, 0o644),
      'keys',
      () => chmod(push, 0o600),
    );
    assert.match(open, /fault: .*push_key.* \| .*chmod 600/);
    const signers = file('allowed_signers');
    const text = await readFile(signers, 'utf8');
    const nobody = await during(
      () => writeFile(signers, '# nobody\n'),
      'keys',
      () => writeFile(signers, text),
    );
    assert.match(nobody, /fault: No mirror would believe/);
    assert.match(await one('keys'), /good: /);
  });

  await t.test('a state folder that others can read, or that is not there', async () => {
    const state = file('state');
    const { mode } = await stat(state);
    const open = await during(
      () => chmod(state, 0o755),
      'state',
      () => chmod(state, mode & 0o777),
    );
    assert.match(
      open,
      /fault: .*can be read by everybody \| Give it to the master's user: install -d/,
    );
    assert.match(await one('state', { state: join(folder, 'none') }), /fault: .*none.* \| Give it/);
  });

  await t.test('a service that does not answer', async () => {
    const listen = { address: '127.0.0.1', port: 1 };
    assert.match(await one('service', { listen }), /fault: .* \| Start it: systemctl start/);
  });

  await t.test('a daemon that is away, or says nothing', async () => {
    const away = { rsyncd: { address: '127.0.0.1', port: 1 } };
    assert.match(await one('rsync daemon', away), /fault: .* \| The master starts it/);
    const hangsUp = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => hangsUp.listen(0, '127.0.0.1', resolve));
    const at = (hangsUp.address() as AddressInfo).port;
    const silent = { rsyncd: { address: '127.0.0.1', port: at } };
    assert.match(await one('rsync daemon', silent), /fault: .* \| The master starts it/);
    await new Promise((resolve) => hangsUp.close(resolve));
  });

  await t.test('a mail server that is away, or answers as none does', async () => {
    const mail = { host: '127.0.0.1', tls: 'none', from: 'push@example.org' };
    assert.match(
      await one('mail', { mail: { ...mail, port: 1 } }),
      /fault: .* \| Correct \[mail\]/,
    );
    const server = createServer((socket) => {
      socket.on('data', (text) => {
        socket.write(String(text).startsWith('EHLO') ? '250 mail.example.org\r\n' : '221 bye\r\n');
      });
      socket.on('error', () => {});
      socket.write('220 mail.example.org ESMTP\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = (server.address() as AddressInfo).port;
    assert.match(
      await one('mail', { mail: { ...mail, port: at } }),
      /good: 127\.0\.0\.1 takes mails/,
    );
    await new Promise((resolve) => server.close(resolve));
  });

  await t.test('rsync that is not there', async () => {
    const before = process.env['PATH'];
    await mkdir(join(folder, 'bin'));
    process.env['PATH'] = join(folder, 'bin');
    try {
      assert.match(await one('rsync'), /fault: .* \| Install it: apt install rsync\./);
    } finally {
      process.env['PATH'] = before;
    }
  });

  await t.test("an archive's folder that is away", async () => {
    const gone = () => rename(tree, `${tree}.away`);
    const back = () => rename(`${tree}.away`, tree);
    assert.match(await during(gone, 'archive debian', back), /fault: .*ENOENT.* \| Mount it/);
  });
  await rm(path);
  assert.match((await examine(path))[0]?.seen ?? '', /master\.toml/);
});
