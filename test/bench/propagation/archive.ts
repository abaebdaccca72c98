import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildPlainTree, noise, plainName } from '../../harness/plain-tree.ts';
import { tool } from '../../harness/tool.ts';

/** An archive of many small files, with an index and a Release file that change with each release. */
export interface Archive {
  /** So many new packages, and the indexes with them; returns the name of the Release file. */
  change(packages: number): Promise<string>;
  /** A whole copy, as a mirror that has been there for long has it. */
  copyTo(folder: string): Promise<unknown>;
}

const INDEX = 'dists/stable/main/binary-amd64/Packages';
const COPY_MS = 300_000;
const RELEASE = 'dists/stable/Release';

export async function createArchive(root: string, files: number): Promise<Archive> {
  let next = files;
  let release = 0;
  const index = noise('index', Math.max(100_000, files * 10));

  async function writeIndexes(): Promise<void> {
    await mkdir(dirname(join(root, INDEX)), { recursive: true });
    index.write(`release ${release}`, (release * 4_099) % (index.length - 100));
    await writeFile(join(root, INDEX), index);
    await writeFile(join(root, RELEASE), `release ${'x'.repeat(release)}\n`);
  }

  await buildPlainTree(root, { files });
  await writeIndexes();
  return {
    async change(packages) {
      release += 1;
      for (let i = 0; i < packages; i += 1) {
        const name = plainName(next);
        next += 1;
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), noise(name, 200));
      }
      await writeIndexes();
      return RELEASE;
    },
    copyTo: (folder) => tool(['cp', '-a', `${root}/.`, folder], { deadlineMs: COPY_MS }),
  };
}
