import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAptClient } from './apt-client.ts';
import { compareTrees } from './compare-trees.ts';
import { createDebianArchive } from './debian-archive.ts';
import { packagesOf, poolPath } from './debian-release.ts';
import { leftovers } from './leftovers.ts';
import { tempFolder } from './temp-folder.ts';

void test('apt reads both releases of the archive, and the second differs from the first', async () => {
  const temp = await tempFolder('archive');
  const root = join(temp.path, 'debian');
  const archive = await createDebianArchive({ root, work: join(temp.path, 'work'), packages: 14 });
  try {
    const first = await archive.build(1);
    await cp(root, join(temp.path, 'before'), { recursive: true, verbatimSymlinks: true });
    const key = join(root, 'archive-key.asc');
    const apt = await createAptClient(join(temp.path, 'apt'), `file:${root}`, key);
    await apt.update();
    await apt.download(first[0]!.name);

    const second = await archive.build(2);
    await apt.update();
    await apt.download(second.at(-1)!.name);

    const names = (release: number) => new Set(packagesOf(release, 14).map(poolPath));
    assert.ok([...names(1)].some((path) => !names(2).has(path) && !existsSync(join(root, path))));
    const differences = await compareTrees(join(temp.path, 'before'), root);
    for (const kind of ['missing: pool/', 'extra: pool/', 'other bytes: dists/trixie/InRelease']) {
      assert.ok(
        differences.some((line) => line.startsWith(kind)),
        kind,
      );
    }
  } finally {
    await archive.close();
    assert.deepEqual(leftovers(temp.path), []);
    await temp.remove();
  }
});
