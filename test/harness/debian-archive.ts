import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeIndexes } from './debian-indexes.ts';
import { buildPool } from './debian-pool.ts';
import { packagesOf, type DebianPackage } from './debian-release.ts';
import { createSigner } from './gpg-signer.ts';

/** A small but real Debian archive, which apt can read, made with Debian's own tools. */
export interface DebianArchive {
  root: string;
  /** Turn the tree into release 1, 2, ... in place. */
  build(release: number): Promise<DebianPackage[]>;
  /** Ends gpg's agent and removes the work folder; the archive stays. */
  close(): Promise<void>;
}

export interface DebianArchiveOptions {
  /** The archive's root; made when missing. */
  root: string;
  /** For keys, caches and packages in the making; not part of the archive. */
  work: string;
  packages?: number;
}

const suites = { trixie: ['main', 'contrib'], 'trixie-updates': ['main', 'contrib'] };

export async function createDebianArchive(options: DebianArchiveOptions): Promise<DebianArchive> {
  const { root, work, packages: count = 40 } = options;
  await mkdir(join(root, 'dists'), { recursive: true });
  await mkdir(work, { recursive: true });
  await symlink('trixie', join(root, 'dists/stable'));
  const signer = await createSigner(join(work, 'gnupg'));
  await signer.exportKey(join(root, 'archive-key.asc'));
  return {
    root,
    async build(release) {
      const packages = packagesOf(release, count);
      await buildPool(root, work, packages);
      await writeIndexes({ root, work, suites, packages, release, signer });
      return packages;
    },
    async close() {
      await signer.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}
