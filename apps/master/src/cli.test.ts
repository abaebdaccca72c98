import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '@pushmirror/host';
import { chainDigest, type ChainedEntry } from './audit/chain.ts';
import { findDoor } from './commands/door.ts';

const cli = join(import.meta.dirname, 'cli.ts');
const cwd = join(import.meta.dirname, '..');
const master = (...args: string[]) =>
  run({
    argv: [process.execPath, '--conditions=source', '--import', 'tsx', cli, ...args],
    deadlineMs: 120_000,
    cwd,
  });

let folder = '';
let config = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushmirror-cli-'));
  const made = await master(
    'init',
    folder,
    '--network',
    'example',
    '--name',
    'ftp.example.org',
    '--json',
  );
  config = (JSON.parse(made.stdout) as { config: string }).config;
});
after(() => rm(folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('audit verify names the first entry of an export that is not what it was', async () => {
  const entries: ChainedEntry[] = [];
  for (const sequence of [1, 2, 3]) {
    const at = '2026-11-21T09:00:00.000Z';
    const entry = {
      sequence,
      at,
      actor: 'x',
      origin: 'cli',
      action: 'y',
      subject: 'z',
      detail: '{}',
    };
    entries.push({ ...entry, digest: chainDigest(entry, entries.at(-1)?.digest ?? '') });
  }
  const verify = async (given: readonly ChainedEntry[], ...flags: string[]) => {
    const file = join(folder, 'audit.ndjson');
    await writeFile(file, given.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    return master('audit', 'verify', '--file', file, ...flags);
  };
  const last = `3:${entries[2]?.digest}`;
  const good = await verify(entries);
  assert.equal(good.stdout, `All 3 entries are as they were written.\n${last}\n`);
  const changed = await verify(
    entries.map((entry) => (entry.sequence === 2 ? { ...entry, actor: 'somebody else' } : entry)),
  );
  assert.deepEqual(
    [changed.code, changed.stdout],
    [1, 'The chain is broken: Entry 2 was changed, or the one before it was.\n'],
  );
  const shorter = await verify(entries.slice(0, 2), '--anchor', last, '--json');
  assert.deepEqual(
    [shorter.code, JSON.parse(shorter.stdout)],
    [1, { ok: false, sequence: 3, reason: 'Entry 3 is missing, and so are all after it up to 3.' }],
  );
});

test('what is wrong with a call is a usage error, in words', async () => {
  const cases = [
    ['nonsense'],
    ['publish', 'debian', '--wait', 'most'],
    ['mirror', 'add', 'x', '--ssh', 'no-user', '--host-key', 'k'],
    ['mirror', 'add', 'x', '--ssh', 'u@h', '--host-key', 'ssh-ed25519 AAAA'],
  ];
  for (const end of await Promise.all(cases.map((args) => master(...args)))) {
    assert.equal(end.code, 2, end.stderr);
    assert.doesNotMatch(end.stderr, /    at /);
  }
});

test('help has an example, and is no error', async () => {
  const end = await master('publish', '--help');
  assert.equal(end.code, 0);
  assert.match(end.stdout, /mirror-master publish debian --wait 100%/);
});

test('without a master, a command says how to start one', async () => {
  const port = await freePort();
  const elsewhere = join(folder, 'elsewhere.toml');
  await writeFile(elsewhere, (await readFile(config, 'utf8')).replace('8470', String(port)));
  const end = await master('status', '--config', elsewhere);
  assert.equal(end.code, 1);
  const sentence = `No master answers at http://127.0.0.1:${port}. Start it with: mirror-master serve`;
  assert.ok(end.stderr.startsWith(sentence), end.stderr);
});

test('a command finds the master by two settings, or is told what is wrong with them', async () => {
  const text = await readFile(config, 'utf8');
  const changed = join(folder, 'changed.toml');
  const door = async (from: string | RegExp, to: string) => {
    await writeFile(changed, text.replace(from, to));
    return findDoor(changed);
  };
  const here = { base: 'http://127.0.0.1:8470', tokenFile: join(folder, 'admin_token') };
  assert.deepEqual(await findDoor(config), here);
  assert.deepEqual(await door('127.0.0.1', '::'), { ...here, base: 'http://[::1]:8470' });
  assert.deepEqual(await door(/^\[listen\]\n.*\n.*\n/m, ''), here);
  await assert.rejects(door('8470', '"8470"'), /changed\.toml: listen\.port: expected /);
  await assert.rejects(door('127.0.0.1', 'here'), /listen\.address: expected an IP address/);
  await assert.rejects(door('admin_token_file', 'admin_token'), /admin_token_file: /);
  await assert.rejects(door('[listen]', '[[listen]]'), /changed\.toml: listen: expected /);
});

test('a configuration with three mistakes has them all listed', async () => {
  const bad = join(folder, 'bad.toml');
  const text = await readFile(config, 'utf8');
  await writeFile(bad, text.replace('8470', '-1').replace('name =', 'nam ='));
  const end = await master('serve', '--config', bad);
  assert.equal(end.code, 1);
  assert.equal(end.stderr.trim().split('\n').length, 3, end.stderr);
});

test('an exposed key and a port in use are one sentence each', async (t) => {
  const token = join(folder, 'admin_token');
  await chmod(token, 0o644);
  const exposed = await master('serve', '--config', config);
  await chmod(token, 0o600);
  assert.equal(exposed.code, 1);
  assert.match(exposed.stderr, /admin_token can be read by others .* Run: chmod 600/);

  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const taken = join(folder, 'taken.toml');
  await writeFile(taken, (await readFile(config, 'utf8')).replace('8470', String(port)));
  const end = await master('serve', '--config', taken);
  assert.equal(end.code, 1);
  assert.match(end.stderr, new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use`));
});
