import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { serveTree } from '../../../../test/harness/http-tree.ts';
import { answers, freePort } from '../../../../test/harness/ports.ts';
import type { MirrorRow } from '../db/schema.ts';
import type { SightingRow } from '../db/sight-schema.ts';
import { readSigningKey } from '@pushmirror/trigger/head/signing-key';
import { signHead } from '@pushmirror/trigger/head/sign';
import { parseHead } from '@pushmirror/trigger/head/head';
import { publicMirrorPageSchema } from '../http/public-mirror.ts';
import { publicMirrorsSchema } from '../http/public-standing.ts';
import { createFixture } from '../setup/fixture.test.ts';

const INTERVAL_MS = 2_000;
const HEAD_LIFETIME_MS = 60_000;

/** A master that looks at mirrors which are plain web servers on loopback. */
async function network(t: TestContext) {
  const f = await createFixture(t, (config) => ({
    ...config,
    head_lifetime: HEAD_LIFETIME_MS,
    registration: { ...config.registration, allow_addresses: ['127.0.0.0/8'] },
    probe: { ...config.probe, interval: INTERVAL_MS, deadline: 5_000 },
  }));
  const db = new Database(join(f.config.state, 'master.sqlite'), { readonly: true });
  t.after(() => db.close());
  await writeFile(join(f.tree, 'dists/InRelease'), 'Suite: stable, signed\n');
  await mkdir(join(f.tree, 'pool'));
  await writeFile(join(f.tree, 'pool/a 1+1.deb'), 'a package');
  await f.addArchive({ mode: 'manifest' });
  await f.master.start();
  const tokens = new Map<string, string>();
  const folder = (name: string) => join(f.folder, 'mirrors', name);
  const pull = async (name: string) => {
    await rm(folder(name), { recursive: true, force: true });
    await cp(f.tree, folder(name), { recursive: true });
  };

  return {
    f,
    folder,
    pull,
    async addMirror(name: string, more: object = {}) {
      await pull(name);
      const server = await serveTree(folder(name));
      t.after(() => server.close());
      tokens.set(name, await f.addMirror(name, { httpUrl: server.url, ...more }));
      return server;
    },
    /** The public JSON about a mirror, which must be as it is described. */
    async told(name: string) {
      const { body } = await f.call('GET', `/v1/public/mirrors/${name}`, undefined, null);
      return publicMirrorPageSchema.parse(body);
    },
    async report(name: string, serial: number, number: number) {
      const id = `0123456789abcdef:${number}`;
      const at = f.clock.now.toISOString();
      const one = { id, at, archive: 'debian', epoch: 1, serial, event: 'committed', via: 'push' };
      const answer = await f.call('POST', '/v1/reports', { reports: [one] }, tokens.get(name));
      assert.equal(answer.status, 200, answer.text);
    },
    sighting: (mirror: string) =>
      db.prepare('select * from sighting where mirror = ?').get(mirror) as SightingRow | undefined,
    mirror: (name: string) =>
      db.prepare('select * from mirror where name = ?').get(name) as MirrorRow,
    rows: (sql: string) => db.prepare(sql).all() as Record<string, unknown>[],
    /** Let this much time pass, and wait until every mirror has been looked at since. */
    async pass(ms: number) {
      f.clock.now = new Date(f.clock.now.getTime() + ms);
      const since = f.clock.now.toISOString();
      const late = () =>
        db
          .prepare(
            `select a.mirror from mirror_archive a join mirror m on m.name = a.mirror
             left join sighting s on s.mirror = a.mirror and s.at >= ?
             where s.mirror is null and m.state = 'active'`,
          )
          .all(since);
      const end = performance.now() + 15_000;
      while (late().length > 0 && performance.now() < end) await delay(50);
      assert.deepEqual(late(), [], 'not looked at in time');
    },
    async waitFor(what: string, is: () => boolean) {
      const end = performance.now() + 15_000;
      while (!is() && performance.now() < end) await delay(50);
      assert.equal(is(), true, what);
    },
  };
}

/** The longest pause between two looks. */
const ONE_INTERVAL = INTERVAL_MS * 1.2;

test('a frozen, a rolled-back, a lying and a broken mirror are each shown as what they are within one interval', async (t) => {
  const n = await network(t);
  const { f } = n;
  const { serial: first } = await f.publish();
  const names = ['frozen', 'back', 'good', 'liar', 'broken', 'forged'];
  for (const name of names) await n.addMirror(name);
  await n.pass(ONE_INTERVAL);
  for (const name of names) assert.equal(n.sighting(name)?.state, 'fresh', name);

  const firstHead = await readFile(join(f.tree, 'project/pushmirror/Release.head'));
  await writeFile(join(f.tree, 'dists/InRelease'), 'Suite: stable, signed again\n');
  const { serial: second } = await f.publish();
  for (const name of ['back', 'good', 'broken', 'forged']) await n.pull(name);
  await n.pass(ONE_INTERVAL);
  const late = n.sighting('liar');
  assert.deepEqual([late?.state, late?.serial, late?.lacks], ['behind', first, 1]);
  assert.equal(n.sighting('good')?.serial, second);

  // Now each goes wrong in its own way.
  await cp(join(n.folder('liar'), '.'), n.folder('back'), { recursive: true }); // The old tree again.
  const forged = (
    await readFile(join(n.folder('forged'), 'project/pushmirror/Release.head'), 'utf8')
  ).replace(`Serial: ${second}`, `Serial: ${second + 1}`);
  await writeFile(join(n.folder('forged'), 'project/pushmirror/Release.head'), forged);
  // It has the new head and reports so, over the old tree.
  await writeFile(join(n.folder('broken'), 'dists/InRelease'), 'Suite: stable, signed\n');
  await n.report('liar', second, 1);
  await n.report('broken', second, 1);
  // The master's own head is issued anew; what nobody pulls any more expires.
  const expired = n.sighting('frozen');
  assert.equal(expired?.state, 'behind', 'not yet expired');
  await n.waitFor(
    'the liar is looked at when it reports',
    () => n.sighting('liar')?.state === 'contradicting',
  );
  assert.equal(n.sighting('liar')?.reason, `It reports ${second} and shows ${first}.`);
  f.clock.now = new Date(f.clock.now.getTime() + HEAD_LIFETIME_MS);
  const headPath = join(f.tree, 'project/pushmirror/Release.head');
  const reissued = async () => readFile(headPath, 'latin1');
  const begun = await reissued();
  for (let i = 0; i < 200 && (await reissued()) === begun; i += 1) await delay(50);
  for (const name of ['good', 'broken']) {
    await cp(headPath, join(n.folder(name), 'project/pushmirror/Release.head'));
  }
  assert.notDeepEqual(firstHead, await readFile(headPath));
  await n.pass(ONE_INTERVAL);

  const states = Object.fromEntries(names.map((name) => [name, n.sighting(name)?.state]));
  assert.deepEqual(states, {
    frozen: 'frozen',
    back: 'rolled-back',
    good: 'fresh',
    liar: 'contradicting',
    broken: 'wrong-content',
    forged: 'unsigned',
  });
  assert.equal(n.sighting('back')?.reason, `It shows ${first}, and showed ${second} before.`);

  // The same is told as data, with what was asked, what came and what should have.
  const wrong = (await n.told('broken')).archives[0];
  const asked = wrong?.evidence.find(({ what }) => what === 'index');
  assert.deepEqual([wrong?.says.serial, wrong?.seen?.state], [second, 'wrong-content']);
  assert.match(asked?.expected ?? '', /^[0-9a-f]{64}$/);
  assert.notEqual(asked?.sha256, asked?.expected);
  const today = wrong?.days.at(-1);
  assert.deepEqual([wrong?.days.length, today?.worst], [14, 'wrong-content']);
  const lying = (await n.told('liar')).archives[0];
  assert.deepEqual([lying?.says.serial, lying?.seen?.serial], [second, first], 'side by side');
  assert.equal(lying?.seen?.lagSerials, 1);
  const listed = await f.call('GET', '/v1/public/mirrors?seen=frozen', undefined, null);
  assert.deepEqual(
    publicMirrorsSchema.parse(listed.body).mirrors.map(({ mirror }) => mirror),
    ['frozen'],
  );
  const { changes: past } = (
    await f.call('GET', '/v1/public/changes?mirror=back&limit=1', undefined, null)
  ).body as { changes: { state: string; evidence: unknown[] }[] };
  assert.deepEqual([past.length, past[0]?.state], [1, 'rolled-back']);
  assert.equal(Number(past[0]?.evidence.length) > 0, true);

  // On the pages each has its own words, beside what it says, with the reason and the evidence.
  const page = async (path: string) => (await f.call('GET', path, undefined, null)).text;
  const shown: Record<string, RegExp> = {
    frozen: /frozen: its head has expired/,
    back: /rolled back to an older release/,
    good: /class="state good">fresh</,
    liar: /class="state good">up to date[^]*shows an older release than it reports[^]*It reports /,
    broken: /wrong content[^]*dists\/InRelease[^]*the manifest has [0-9a-f]{64}/,
    forged: /head not signed by this network/,
  };
  for (const [name, words] of Object.entries(shown)) {
    const text = await page(`/mirrors/${name}`);
    assert.match(text, words, name);
    assert.match(text, /The evidence: every request[^]*sha256 [0-9a-f]{64}/, name);
  }
  assert.match(await page('/'), /5 mirrors do not show readers what they should/);

  // The evidence, the counts, and who is out of service.
  const evidence = JSON.parse(n.sighting('broken')?.evidence ?? '[]') as Record<string, unknown>[];
  const index = evidence.find(({ what }) => what === 'index');
  assert.equal(String(index?.['url']).endsWith('/dists/InRelease'), true, String(index?.['url']));
  assert.notEqual(index?.['sha256'], index?.['expected']);
  const [error] = n.rows(`select count, last_reason from sight_error where mirror = 'broken'`);
  assert.equal(Number(error?.['count']) >= 1, true);
  await n.pass(ONE_INTERVAL);
  await n.waitFor('seen twice', () => n.mirror('broken').quarantine_by === 'seen');
  assert.equal(n.mirror('good').quarantined_at, null);
  assert.equal(n.mirror('frozen').quarantined_at, null, 'to be late is no crime');

  // It mends: half open, then back.
  await n.pull('broken');
  await cp(headPath, join(n.folder('broken'), 'project/pushmirror/Release.head'));
  await n.pass(ONE_INTERVAL);
  assert.deepEqual(
    [n.sighting('broken')?.state, n.mirror('broken').quarantined_at === null],
    ['fresh', false],
  );
  await n.pass(ONE_INTERVAL);
  await n.pass(ONE_INTERVAL);
  await n.waitFor('back in service', () => n.mirror('broken').quarantined_at === null);
  const told = await n.told('broken');
  assert.equal(told.errors[0]?.state, 'wrong-content');
  assert.equal(Number(told.errors[0]?.count) >= 2, true);
  const feed = await f.call('GET', '/mirrors/broken/feed.atom', undefined, null);
  for (const words of [
    'is quarantined',
    'is back from quarantine',
    'wrong content',
    'well again',
  ]) {
    assert.match(feed.text, new RegExp(`<title type="html"><!.CDATA.[^\\]]*${words}`), words);
  }
  const changes = n.rows(`select before_state, state from sight_change where mirror = 'broken'`);
  assert.deepEqual(changes, [
    { before_state: null, state: 'fresh' },
    { before_state: 'fresh', state: 'wrong-content' },
    { before_state: 'wrong-content', state: 'fresh' },
  ]);
});

test('updating, empty, without a good certificate, equivocating, behind a cache, paused: each is its own state', async (t) => {
  const n = await network(t);
  const { f } = n;
  const head = 'project/pushmirror/Release.head';
  await f.publish();
  await n.addMirror('updating');
  const old = await readFile(join(f.tree, head));
  await writeFile(join(f.tree, 'dists/InRelease'), 'Suite: stable, signed again\n');
  const { serial } = await f.publish();
  await writeFile(join(n.folder('updating'), 'Archive-Update-in-Progress-updating'), '');

  await n.addMirror('empty');
  await rm(join(n.folder('empty'), 'project/pushmirror'), { recursive: true });

  await n.addMirror('two-faced');
  const signed = parseHead(await readFile(join(f.tree, head)));
  const manifest = { sha256: '7'.repeat(64), bytes: 100 };
  const key = readSigningKey(f.config.signing_key);
  const other = signHead({ ...signed.head, manifest }, key);
  await writeFile(join(n.folder('two-faced'), head), other.bytes);

  // Its cache still has the old head; what no cache has comes from the mirror itself.
  await n.pull('cached');
  const cache = createServer((request, response) => {
    const [path = '', query] = (request.url ?? '').split('?');
    const send = (body: Buffer) => response.end(body);
    if (path === `/${head}` && query === undefined) return send(old);
    const file = join(n.folder('cached'), decodeURIComponent(path));
    return void readFile(file).then(send, () => response.writeHead(404).end());
  });
  const httpUrl = await listen(t, cache, 'http');
  await f.addMirror('cached', { httpUrl });
  const [certificate, privateKey] = [join(f.folder, 'cert.pem'), join(f.folder, 'key.pem')];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -keyout ${privateKey} -out ${certificate}`;
  assert.equal(spawnSync('openssl', words.split(' ')).status, 0);
  const tls = { key: await readFile(privateKey), cert: await readFile(certificate) };
  const secure = createTlsServer(tls, (_, response) => response.end());
  await f.addMirror('self-signed', { httpUrl: await listen(t, secure, 'https') });

  // One without a web server is read by rsync, from a real daemon.
  await n.pull('by-rsync');
  const rsyncUrl = await serveRsync(t, n.folder('by-rsync'), f.folder);
  await f.addMirror('by-rsync', { rsyncUrl });

  await n.addMirror('resting');
  await f.call('POST', '/v1/mirrors/resting/pause', { reason: 'a new disk' });
  const restsFrom = f.clock.now.toISOString();
  await n.pass(ONE_INTERVAL);
  const names = ['updating', 'empty', 'two-faced', 'cached', 'self-signed', 'by-rsync'];
  const states = Object.fromEntries(names.map((name) => [name, n.sighting(name)?.state]));
  assert.deepEqual(states, {
    updating: 'updating',
    empty: 'empty',
    'two-faced': 'equivocating',
    cached: 'behind',
    'self-signed': 'certificate',
    'by-rsync': 'fresh',
  });
  const [read] = (await n.told('by-rsync')).archives;
  assert.deepEqual(
    read?.evidence.map(({ what, url, bytes }) => [what, url, (bytes ?? 0) > 0]),
    [
      ['rsync', `${rsyncUrl}/debian/`, false],
      ['head', `${rsyncUrl}/debian/${head}`, true],
    ],
  );
  const reason = (name: string) => n.sighting(name)?.reason ?? '';
  assert.match(reason('two-faced'), new RegExp(`signed head of ${serial} with another manifest`));
  assert.match(
    reason('cached'),
    /^Itself it is fresh; a cache before it answers with what is older/,
  );
  assert.match(reason('self-signed'), /certificate/);
  assert.match(reason('empty'), /^For the head it answers 404\.$/);
  const { archives, state, stateReason } = await n.told('resting');
  assert.deepEqual([state, stateReason], ['paused', 'a new disk']);
  const last = archives[0]?.seen?.at ?? restsFrom;
  assert.equal(last <= restsFrom, true, `nobody looks at it while it rests, as at ${last}`);
  assert.equal(archives[0]?.says.words, 'paused by its operator');
});

/** A real rsync daemon with a folder as the module of the archive. */
async function serveRsync(t: TestContext, folder: string, work: string): Promise<string> {
  const port = await freePort();
  const config = join(work, 'rsyncd.conf');
  await writeFile(config, `[debian]\npath = ${folder}\nuse chroot = no\nread only = yes\n`);
  const argv = ['--daemon', '--no-detach', `--config=${config}`, '--address=127.0.0.1'];
  const daemon = spawn('rsync', [...argv, `--port=${port}`], { stdio: 'ignore' });
  t.after(() => daemon.kill());
  const end = performance.now() + 10_000;
  while (!(await answers(port)) && performance.now() < end) await delay(25);
  return `rsync://127.0.0.1:${port}`;
}

async function listen(t: TestContext, server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('what is seen is beside what is claimed: receipts, figures, propagation; nobody looks at a paused one', async (t) => {
  const n = await network(t);
  const { f } = n;
  const { serial } = await f.publish();
  await n.addMirror('a');
  const b = await n.addMirror('b', { kind: 'ftpsync', pushKey: undefined });
  await rm(join(n.folder('b'), 'project/pushmirror'), { recursive: true });
  await mkdir(join(n.folder('b'), 'project/trace'), { recursive: true });
  const trace = `Sat Nov 21 09:00:05 UTC 2026\nArchive serial: ${serial}\n`;
  await writeFile(join(n.folder('b'), 'project/trace/b'), trace);
  await n.pass(ONE_INTERVAL);
  assert.deepEqual(
    [n.sighting('b')?.state, n.sighting('b')?.basis, n.sighting('b')?.trace_at],
    ['fresh', 'trace', '2026-11-21T09:00:05.000Z'],
  );
  const { serial: next } = await f.publish();
  await n.pull('a');
  await n.pass(ONE_INTERVAL);
  const receipts = async () => {
    const { body } = await f.call('GET', `/v1/archives/debian/releases/${next}/mirrors`);
    return (body as { mirrors: Record<string, unknown>[] }).mirrors;
  };
  const seen = (await receipts()).find(({ mirror }) => mirror === 'a');
  assert.equal(seen?.['committedAt'], null, 'it said nothing');
  assert.notEqual(seen?.['observedAt'], null, 'and was seen');
  assert.equal(n.sighting('b')?.state, 'behind');

  await b.close();
  await n.pass(ONE_INTERVAL);
  assert.equal(n.sighting('b')?.state, 'unreachable');
  const [figures] = n.rows(`select * from mirror_metric where mirror = 'a'`);
  assert.deepEqual(
    [figures?.['completion'], figures?.['availability'], figures?.['score']],
    [100, 100, 100],
  );
  const [down] = n.rows(`select * from probe_day where mirror = 'b'`);
  assert.equal(Number(down?.['looks']) - Number(down?.['answered']), 1);
  assert.equal(Number(down?.['fresh']) < Number(down?.['answered']), true);
  assert.equal(down?.['worst'], 'unreachable');

  await f.call('POST', '/v1/mirrors/a/pause', { reason: 'maintenance' });
  assert.equal(n.mirror('a').state, 'paused');
  const before = n.sighting('a')?.at;
  await n.pass(ONE_INTERVAL);
  assert.equal(n.sighting('a')?.at, before);
});
