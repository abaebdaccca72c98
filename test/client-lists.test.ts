import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { publicMirrorsSchema } from '../apps/master/src/http/public-standing.ts';
import { createFixture } from '../apps/master/src/setup/fixture.test.ts';
import { createAptClient } from './harness/apt-client.ts';
import { createDebianArchive } from './harness/debian-archive.ts';
import { serveTree } from './harness/http-tree.ts';
import { waitFor } from './harness/wait.ts';
import { readWithDnf, rpm } from './profiles/rpm.ts';

/** A master that listens and looks, and mirrors as plain web servers. */
async function createSite(t: TestContext) {
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: { ...config.registration, allow_addresses: ['127.0.0.0/8'] },
    probe: { ...config.probe, interval: 2_000, deadline: 5_000 },
  }));
  await f.master.start();
  return {
    f,
    master: f.master.url(),
    /** Add one, and wait until the master has seen it with a release. */
    async mirror(name: string, root: string, serial: number) {
      const tree = await serveTree(root);
      t.after(() => tree.close());
      await f.addMirror(name, { httpUrl: `${tree.url}/` });
      const seen = async () => {
        f.clock.now = new Date(f.clock.now.getTime() + 1_000);
        const { body } = await f.call('GET', '/v1/public/mirrors', undefined, null);
        const { mirrors } = publicMirrorsSchema.parse(body);
        return mirrors.find(({ mirror }) => mirror === name)?.seen?.serial === serial;
      };
      await waitFor(seen, { deadlineMs: 20_000, describe: `${name} is seen with ${serial}` });
      return tree.url;
    },
  };
}

test('real apt reads by the list and by the redirect, and is never sent to the stale mirror', async (t) => {
  const site = await createSite(t);
  const { f } = site;
  const work = join(f.folder, 'work');
  const archive = await createDebianArchive({ root: f.tree, work, packages: 4 });
  t.after(() => archive.close());
  await archive.build(1);
  await f.addArchive();
  const old = await f.publish();
  await cp(f.tree, join(f.folder, 'stale'), { recursive: true, verbatimSymlinks: true });
  const packages = await archive.build(2);
  const { serial } = await f.publish();
  await site.mirror('stale.example.org', join(f.folder, 'stale'), old.serial);
  const fresh = await site.mirror('fresh.example.org', f.tree, serial);

  const plain = await (await fetch(`${site.master}/lists/debian/plain`)).text();
  assert.equal(plain, `${fresh}/\n`, 'the stale one is offered to nobody');
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
  const site = await createSite(t);
  const { f } = site;
  const work = join(f.folder, 'work');
  const root = join(f.folder, 'rpm');
  await mkdir(work);
  await mkdir(root);
  const archive = await rpm.create({ root, work });
  t.after(() => archive.close());
  await f.addArchive({ name: 'debian', path: root, profile: 'rpm' });
  await archive.build(1);
  const old = await f.publish();
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
