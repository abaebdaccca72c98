import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { noise } from '../harness/plain-tree.ts';
import { createRandom } from './random.ts';

/** The archive's tree, as each publish finds it. */
export interface Content {
  /** Make it what publish `number` is to release. @returns [path, SHA-256] of every file. */
  build(number: number): Promise<[string, string][]>;
}

const STABLE_FILES = 24;
const PASSING_FILES = 8;

/**
 * A small archive: packages that stay and are now and then replaced, packages that come and go, and
 * indexes that name them all. The first line of a file is its stamp, `stamp NUMBER`: the number of
 * the publish that it was made for. Two makes of one file never have the same size, since rsync's
 * quick check could miss the second within one second.
 */
export function createContent(root: string, work: string, seed: number): Content {
  const random = createRandom(seed ^ 0x5eed);
  const digests = new Map<string, string>();

  async function put(path: string, number: number, text = ''): Promise<void> {
    const start = Buffer.from(`stamp ${number}\n${text}`);
    const bytes = Buffer.concat([start, noise(`${seed} ${path} ${number}`, 300 + number)]);
    const half = join(work, 'half');
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(half, bytes);
    await rename(half, join(root, path));
    digests.set(path, createHash('sha256').update(bytes).digest('hex'));
  }

  async function drop(path: string): Promise<void> {
    await rm(join(root, path));
    digests.delete(path);
  }

  return {
    async build(number) {
      await mkdir(work, { recursive: true });
      const names = Array.from({ length: STABLE_FILES }, (_, index) => `pool/main/p${index}.deb`);
      const changed = number === 1 ? names : random.sample(names, random.int(1, 3));
      for (const name of changed) await put(name, number);
      await put(`pool/passing/n${number}.deb`, number);
      const old = `pool/passing/n${number - PASSING_FILES}.deb`;
      if (digests.has(old)) await drop(old);
      const list = [...digests].filter(([path]) => path.startsWith('pool/'));
      const packages = list.map(([path, sha256]) => `${sha256} ${path}\n`).join('');
      await put('dists/stable/main/binary-amd64/Packages', number, packages);
      await put('dists/stable/InRelease', number);
      return [...digests].toSorted(([a], [b]) => (a < b ? -1 : 1));
    },
  };
}
