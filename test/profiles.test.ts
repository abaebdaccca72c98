import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isOwnMetadata } from './harness/compare-trees.ts';
import { serveTree } from './harness/http-tree.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { alpine } from './profiles/alpine.ts';
import { arch } from './profiles/arch.ts';
import { debian } from './profiles/debian.ts';
import { generic } from './profiles/generic.ts';
import type { Kind } from './profiles/kind.ts';
import { observe } from './profiles/observe.ts';
import { rpm } from './profiles/rpm.ts';

const kinds = [debian, rpm, arch, alpine, generic];

void describe('a real archive of each kind, published, synced through a hub, and read', () => {
  let network: Network;

  before(async () => {
    network = await createNetwork({
      archives: kinds.map(({ profile }) => profile),
      profiles: Object.fromEntries(kinds.map(({ profile }) => [profile, profile])),
    });
    await network.start();
  });
  after(() => network.close());

  for (const kind of kinds) {
    const lacking = kind.programs.filter((program) => !isInstalled(program));
    const skip = lacking.length > 0 && `not installed: ${lacking.join(', ')}`;
    void test(kind.profile, { skip }, async () => {
      const leaf = network.leaves[0]!;
      const { profile } = kind;
      const work = join(network.folder, 'work', profile);
      await mkdir(work, { recursive: true });
      const archive = await kind.create({ root: network.tree(profile), work });
      const server = await serveTree(leaf.tree(profile));
      const release = async (number: number) => {
        await archive.build(number);
        const { serial } = await network.master.publish(profile);
        await network.waitForSerial(leaf, profile, serial);
        await network.waitForPush(profile, serial, leaf.name, 'committed');
      };
      try {
        await release(1);
        await archive.read(server.url, 1);
        const observed = observe(leaf.tree(profile));
        await release(2);
        observed.stop();
        await archive.read(server.url, 2);
        assert.deepEqual(await network.differences(leaf, profile), []);
        assertOrder(kind, leaf.tree(profile), observed.paths);
      } finally {
        await server.close();
        await archive.close();
      }
    });
  }
});

/** Content first, then the indexes in their order, the last of them surely, and then what goes. */
function assertOrder({ order }: Kind, tree: string, observed: readonly string[]): void {
  const paths = observed.filter((path) => !isOwnMetadata(path) && path !== 'project');
  const told = paths.join('\n');
  const groups = paths.map((path) =>
    path.includes('/by-hash/') ? -1 : order.findIndex((group) => group.test(path)),
  );
  const switched = groups.filter((group) => group >= 0);
  assert.deepEqual(
    switched,
    switched.toSorted((a, b) => a - b),
    told,
  );
  assert.equal(switched.at(-1), order.length - 1, told);
  const first = groups.findIndex((group) => group >= 0);
  const last = groups.findLastIndex((group) => group >= 0);
  for (const [at, path] of paths.entries()) {
    if (groups[at] !== -1) continue;
    if (existsSync(join(tree, path))) assert.ok(at < first, `${path} came late:\n${told}`);
    else assert.ok(at > last, `${path} went early:\n${told}`);
  }
  assert.ok(first > 0 && last < paths.length - 1, told);
}

function isInstalled(program: string): boolean {
  return ['/usr/bin', '/bin', '/usr/sbin'].some((folder) => existsSync(join(folder, program)));
}
