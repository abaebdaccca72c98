import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  BY_HASH_FOLDER,
  MANIFEST_FOLDER,
  NEWEST_PACK,
  NEWEST_PACK_BYTES,
  unpackNewest,
} from '@pushmirror/manifest';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { debianLike, writeFiles } from '../fixtures.test.ts';
import { MIRROR, write } from '../site.test.ts';
import { readCarried } from './carried.ts';
import { pruneReleases } from './prune.ts';
import { withManifests } from './publish.test.ts';
import { verifyTree } from './verify.ts';

const types = (events: readonly { type: string }[]) =>
  events.map(({ type }) => type).filter((type) => type !== 'progress');

void describe('a sync by manifest', { concurrency: 4 }, () => {
  void test('a first copy, a change and a delete: the tree is the upstream’s, and says at which serial', () =>
    withManifests(async (site) => {
      const { up, to } = site;
      await writeFiles(up, debianLike(1));
      symlinkSync('trixie', join(up, 'dists/stable'));
      const first = await site.release(1);
      const result = await site.sync({ goal: () => first });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.ok(result.bytes > 0 && result.head?.bytes.equals(first.bytes));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 1);

      await writeFiles(up, debianLike(2));
      rmSync(join(up, 'pool/main/a/alpha/alpha_1_amd64.deb'));
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      const second = await site.release(2);
      const moved = await site.sync({ goal: () => second });
      assert.ok(moved.kind === 'committed', JSON.stringify(moved));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 2);
      assert.deepEqual(types(site.events), [
        'syncing',
        'staged',
        'claimed',
        'syncing',
        'staged',
        'claimed',
      ]);
      assert.ok(!existsSync(join(site.folder, '.to.pushmirror')), 'nothing is left in staging');
      assert.ok(!existsSync(join(to, 'project/pushmirror/changing')));
      const of = (root: string, folder: string) => readdirSync(join(root, folder)).toSorted();
      for (const folder of [MANIFEST_FOLDER, BY_HASH_FOLDER]) {
        assert.deepEqual(of(to, folder), of(up, folder), folder);
      }
      const path = 'dists/trixie/InRelease';
      assert.equal(
        statSync(join(to, path)).mtimeMs,
        Math.floor(statSync(join(up, path)).mtimeMs / 1000) * 1000,
      );
      assert.match(
        readFileSync(join(to, 'project/trace/leaf.example.org'), 'utf8'),
        /Pushmirror-Mode: manifest/,
      );
    }));

  void test('what little a release brought comes along with its root; what is wrong there is fetched', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first });
      await writeFiles(up, debianLike(2));
      const before = new Set(readdirSync(join(up, MANIFEST_FOLDER)));
      const second = await release(2);
      const aside = join(up, '..', 'aside');
      mkdirSync(aside);
      // Nowhere else: so it is seen that no other call of rsync was needed for them.
      const moved: [string, string][] = [];
      const pack: Buffer[] = [];
      const put = (sha256: string, bytes: Buffer) =>
        pack.push(Buffer.from(`${sha256} ${bytes.length}\n`), bytes);
      const hide = (path: string, sha256: string) => {
        put(sha256, readFileSync(join(up, path)));
        moved.push([join(up, path), join(aside, String(moved.length))]);
        renameSync(join(up, path), moved.at(-1)?.[1] ?? '');
      };
      const digests: string[] = [];
      for (const name of readdirSync(join(up, MANIFEST_FOLDER))) {
        const [sha256 = '', kind] = name.split('.');
        if (kind !== 'bucket' || before.has(name)) continue;
        digests.push(sha256);
        hide(`${MANIFEST_FOLDER}/${name}`, sha256);
      }
      for (const [path, text] of Object.entries(debianLike(2))) {
        const sha256 = createHash('sha256').update(text).digest('hex');
        if (debianLike(1)[path] === text) continue;
        digests.push(sha256);
        // Wrong or missing: each is fetched from where it is.
        if (path.endsWith('.dsc')) put(sha256, Buffer.from('x'.repeat(text.length)));
        else if (path.endsWith('Sources.xz')) put(sha256, Buffer.from(`${text}x`));
        else if (path.endsWith('.tar.xz')) continue;
        else if (path.startsWith('pool')) hide(path, sha256);
        else hide(`${BY_HASH_FOLDER}/${sha256}`, sha256);
      }
      writeFileSync(join(up, NEWEST_PACK), Buffer.concat([...pack, Buffer.from('no line')]));
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      for (const [from, there] of moved) renameSync(there, from);
      assert.deepEqual(await compareTrees(up, to), []);
      assert.deepEqual(
        [...unpackNewest(readFileSync(join(to, NEWEST_PACK))).keys()].toSorted(),
        digests.toSorted(),
        'and its own downstreams find it here, whole',
      );
    }));

  void test('a pack that is none, or too large, is passed over', () =>
    withManifests(async ({ up, to, release, sync }) => {
      let serial = 1;
      await writeFiles(up, debianLike(1));
      const first = await release(serial);
      await sync({ goal: () => first });
      const pack = join(up, NEWEST_PACK);
      for (const make of [
        () => writeFileSync(pack, 'x'.repeat(NEWEST_PACK_BYTES + 1)),
        () => symlinkSync('/etc/passwd', pack),
        () => mkdirSync(pack),
      ]) {
        serial += 1;
        write(up, 'dists/trixie/InRelease', `release ${serial}`);
        const next = await release(serial);
        rmSync(pack, { recursive: true, force: true });
        make();
        const result = await sync({ goal: () => next });
        assert.ok(result.kind === 'committed', JSON.stringify(result));
        assert.deepEqual(await compareTrees(up, to), []);
      }
    }));

  void test('a file of the same size and time with other content is seen', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first });
      write(up, 'pool/main/b/beta/beta_1_amd64.deb', 'BETA');
      write(up, 'dists/trixie/InRelease', 'SIGNED RELEASE 1.0');
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('of old releases only the last few are kept to stage from, and all of the current one', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const versions = () =>
        readdirSync(join(to, BY_HASH_FOLDER)).filter((name) =>
          readFileSync(join(to, BY_HASH_FOLDER, name), 'utf8').startsWith('release '),
        );
      for (let serial = 1; serial <= 10; serial += 1) {
        write(up, 'dists/trixie/InRelease', `release ${'x'.repeat(serial)}`);
        const head = await release(serial);
        const result = await sync({ goal: () => head });
        assert.ok(result.kind === 'committed', JSON.stringify(result));
      }
      assert.ok(versions().length >= 4 && versions().length <= 8, String(versions().length));
      const current = `release ${'x'.repeat(10)}`;
      const shown = versions().map((name) => readFileSync(join(to, BY_HASH_FOLDER, name), 'utf8'));
      assert.ok(shown.includes(current));
      assert.deepEqual(await compareTrees(up, to), []);

      // Nor do many that were only staged push out the one that the tree is at.
      for (let serial = 11; serial <= 20; serial += 1) {
        write(up, 'dists/trixie/InRelease', `release ${'x'.repeat(serial)}`);
        const head = await release(serial);
        const result = await sync({ goal: () => head, mayCommit: () => false });
        assert.equal(result.kind, 'staged', JSON.stringify(result));
      }
      const carried = await readCarried(to);
      await pruneReleases(to, carried?.root.sha256 ?? '');
      // The four newest, its own, and the file Release that all have.
      assert.deepEqual([carried?.serial, versions().length], [10, 6]);
      const verified = await verifyTree({
        archive: { to },
        mirror: MIRROR,
        percent: 100,
        signal: new AbortController().signal,
        onProblem: (problem) => assert.fail(JSON.stringify(problem)),
      });
      assert.equal(verified.kind, 'verified');
    }));
});
