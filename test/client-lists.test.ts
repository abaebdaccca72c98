import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, type Fixture } from '../apps/master/src/setup/fixture.test.ts';
import { createAptClient } from './harness/apt-client.ts';
import { createDebianArchive } from './harness/debian-archive.ts';
import { serveTree } from './harness/http-tree.ts';
import { readWithDnf, rpm } from './profiles/rpm.ts';

/** A master that listens, and mirrors as plain web servers, each seen with one of its releases. */
async function createSite(t: TestContext, f: Fixture) {
  await f.master.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    master: f.master.url(),
    async mirror(name: string, root: string, seen: number) {
      const tree = await serveTree(root);
      t.after(() => tree.close());
      await f.addMirror(name, { httpUrl: `${tree.url}/` });
      const direct = new Database(`${f.config.state}/master.sqlite`);
      direct
        .prepare('update mirror_archive set observed_serial = ?, observed_at = ? where mirror = ?')
        .run(seen, f.clock.now.toISOString(), name);
      direct.close();
      f.clock.now = new Date(f.clock.now.getTime() + 10_000);
    },
  };
}

test('real apt reads by the list and by the redirect, and never meets the stale mirror', async (t) => {
  const f = await createFixture(t);
  const work = join(f.folder, 'work');
  const archive = await createDebianArchive({ root: f.tree, work, packages: 4 });
  t.after(() => archive.close());
  await archive.build(1);
  await f.addArchive();
  const old = await f.publish();
  await cp(f.tree, join(f.folder, 'stale'), { recursive: true, verbatimSymlinks: true });
  const packages = await archive.build(2);
  const { serial } = await f.publish();
  const site = await createSite(t, f);
  await site.mirror('stale.example.org', join(f.folder, 'stale'), old.serial);
  await site.mirror('fresh.example.org', f.tree, serial);

  const key = join(f.tree, 'archive-key.asc');
  const sources = {
    list: `mirror+${site.master}/lists/debian/apt?country=SE`,
    redirect: `${site.master}/get/debian`,
  };
  for (const [name, uri] of Object.entries(sources)) {
    const apt = await createAptClient(join(f.folder, `apt-${name}`), uri, key);
    await apt.update();
    const known = new Set(await apt.packages());
    for (const one of packages) assert.equal(known.has(one.name), true, `${name}: ${one.name}`);
    await apt.download(packages[0]?.name ?? '');
  }
});

test('real dnf reads by the mirrorlist and by the metalink, with its digest', async (t) => {
  const f = await createFixture(t);
  const work = join(f.folder, 'work');
  const root = join(f.folder, 'rpm');
  await mkdir(work);
  await mkdir(root);
  const archive = await rpm.create({ root, work });
  t.after(() => archive.close());
  await f.addArchive({ name: 'debian', path: root, profile: 'rpm' });
  await archive.build(1);
  const old = await f.publish();
  const site = await createSite(t, f);
  await site.mirror('fresh.example.org', root, old.serial);
  const metalink = `${site.master}/lists/debian/metalink`;
  const digest = async () =>
    /<hash type="sha256">([0-9a-f]{64})/.exec(await (await fetch(metalink)).text())?.[1] ?? '';
  const first = await digest();

  await archive.build(2);
  const { serial } = await f.publish();
  await site.mirror('other.example.org', root, serial);
  const text = await (await fetch(metalink)).text();
  assert.match(text, new RegExp(`<mm0:alternate>[^]*${first}`), 'the release before is there too');
  assert.notEqual(await digest(), first);

  const key = join(work, 'key.asc');
  const list = `${site.master}/lists/debian/mirrorlist`;
  await readWithDnf(join(work, 'by-metalink'), `metalink=${metalink}`, key, 2);
  await readWithDnf(join(work, 'by-list'), `mirrorlist=${list}`, key, 2);
});
