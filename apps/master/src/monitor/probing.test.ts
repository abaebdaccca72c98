import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { serveTree } from '../../../../test/harness/http-tree.ts';
import type { MirrorRow } from '../db/schema.ts';
import type { SightingRow } from '../db/sight-schema.ts';
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
  const changes = n.rows(`select before_state, state from sight_change where mirror = 'broken'`);
  assert.deepEqual(changes, [
    { before_state: null, state: 'fresh' },
    { before_state: 'fresh', state: 'wrong-content' },
    { before_state: 'wrong-content', state: 'fresh' },
  ]);
});

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
