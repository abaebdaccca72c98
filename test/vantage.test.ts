import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture } from '../apps/master/src/setup/fixture.test.ts';
import { createMasterClient } from '../apps/mirror-agent/src/master-client.ts';
import { serveAsVantage } from '../apps/mirror-agent/src/vantage.ts';
import { answers, freePort } from './harness/ports.ts';
import { createService } from './harness/service.ts';
import { nameServer } from '../libs/net/src/fixtures.test.ts';

const INTERVAL_MS = 1_000;

test('two vantage points: who is wrong for both is quarantined, who is wrong for one alone is not', async (t) => {
  const dns = await nameServer(t, () => ['127.0.0.1']);
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: {
      ...config.registration,
      allow_addresses: ['127.0.0.0/8'],
      name_servers: [dns],
    },
    probe: { ...config.probe, interval: INTERVAL_MS, deadline: 5_000 },
  }));
  const db = new Database(join(f.config.state, 'master.sqlite'), { readonly: true });
  t.after(() => db.close());
  await writeFile(join(f.tree, 'dists/InRelease'), 'Suite: stable, signed\n');
  await mkdir(join(f.tree, 'pool'));
  await writeFile(join(f.tree, 'pool/a.deb'), 'a package');
  await f.addArchive({ mode: 'manifest' });
  await f.publish();
  await f.master.start();

  /** A web server of every loopback address; `isWrong` says to whom its index is another one. */
  const addMirror = async (name: string, isWrong: (asked: string) => boolean) => {
    const folder = join(f.folder, name);
    await cp(f.tree, folder, { recursive: true });
    const server = createServer((request, response) => {
      const path = normalize(decodeURIComponent((request.url ?? '/').replace(/\?.*/, '')));
      if (path.endsWith('InRelease') && isWrong(request.socket.localAddress ?? '')) {
        response.end('Suite: stable, not signed\n');
        return;
      }
      void readFile(join(folder, path)).then(
        (body) => response.end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    return f.addMirror(name, { httpUrl: `http://${name}.example:${port}/` });
  };
  const token = await addMirror('eye', () => false);
  await addMirror('wrong', () => true);
  await addMirror('split', (asked) => asked === '127.0.0.1');
  await addMirror('right', () => false);
  // One that has no web server is read by rsync, at the address that each eye has for it.
  const port = await freePort();
  const conf = join(f.folder, 'rsyncd.conf');
  await writeFile(conf, `[debian]\npath = ${f.tree}\nuse chroot = no\nread only = yes\n`);
  const rsyncd = createService({
    name: 'rsyncd',
    argv: ['rsync', '--daemon', '--no-detach', `--config=${conf}`, `--port=${port}`],
    logFile: join(f.folder, 'rsyncd.log'),
    ready: () => answers(port),
  });
  t.after(() => rsyncd.stop());
  await rsyncd.start();
  await f.addMirror('by-rsync', { rsyncUrl: `rsync://by-rsync.example:${port}` });

  const tokenFile = join(f.folder, 'agent-token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const stopping = new AbortController();
  const master = createMasterClient({ url: f.master.url(), tokenFile, signal: stopping.signal });
  const problems: string[] = [];
  const begin = () =>
    serveAsVantage({
      master,
      // It sees the mirrors from elsewhere: at another of their addresses.
      guard: { check: () => Promise.resolve([{ address: '127.0.0.2', family: 4 }]) },
      deadlineMs: 5_000,
      concurrency: 2,
      now: () => f.clock.now,
      random: () => 0.5,
      onProblem: (reason) => problems.push(reason),
      signal: stopping.signal,
    });
  const notAsked = await master.vantage();
  assert.deepEqual(notAsked.kind === 'ok' && [notAsked.value.asked, notAsked.value.targets], [
    false,
    [],
  ]);
  const refused = await master.looks([]);
  assert.notEqual(refused.kind, 'ok', 'nobody looks unasked');

  const asked = await f.call('POST', '/v1/mirrors/eye/vantage', { asked: true });
  assert.equal(asked.status, 200, asked.text);
  const serving = begin();
  t.after(async () => {
    stopping.abort();
    await serving;
  });
  const states = (vantage: string) =>
    Object.fromEntries(
      (
        db
          .prepare('select mirror, state from sighting where vantage = ? order by mirror')
          .all(vantage) as {
          mirror: string;
          state: string;
        }[]
      ).map(({ mirror, state }) => [mirror, state]),
    );
  const quarantined = () =>
    (
      db.prepare('select name from mirror where quarantined_at is not null').all() as {
        name: string;
      }[]
    ).map(({ name }) => name);
  const until = async (what: string, is: () => boolean) => {
    const end = performance.now() + 20_000;
    while (!is() && performance.now() < end) {
      f.clock.now = new Date(f.clock.now.getTime() + 100); // Time goes on, so that looks fall due.
      await delay(100);
    }
    assert.equal(
      is(),
      true,
      `${what}: ${JSON.stringify([states('master'), states('eye'), problems])}`,
    );
  };
  await until('both have looked', () => Object.keys(states('eye')).length === 4);
  await until('quarantined', () => quarantined().length > 0);
  await until('seen by the master too', () => states('master')['split'] === 'wrong-content');
  await until('several times', () => {
    const row = db.prepare(`select looks from probe_day where mirror = 'split'`).get();
    return Number((row as { looks: number } | undefined)?.looks) >= 3;
  });
  assert.deepEqual(states('eye'), {
    'by-rsync': 'fresh',
    right: 'fresh',
    split: 'fresh',
    wrong: 'wrong-content',
  });
  assert.deepEqual(states('master'), {
    'by-rsync': 'fresh',
    eye: 'fresh',
    right: 'fresh',
    split: 'wrong-content',
    wrong: 'wrong-content',
  });
  assert.deepEqual(quarantined(), ['wrong']);

  const ended = await f.call('POST', '/v1/mirrors/eye/vantage', { asked: false });
  assert.equal(ended.status, 200, ended.text);
  await until('what it saw counts for nothing any more', () => quarantined().includes('split'));
});
