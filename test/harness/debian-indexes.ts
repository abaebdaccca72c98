import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poolPath, type DebianPackage } from './debian-release.ts';
import type { GpgSigner } from './gpg-signer.ts';
import { tool } from './tool.ts';

interface Indexes {
  root: string;
  work: string;
  /** Components by suite. */
  suites: Record<string, string[]>;
  packages: readonly DebianPackage[];
  release: number;
  signer: GpgSigner;
}

/** Write `root/dists`: Packages and Contents by component, Release, InRelease and Release.gpg. */
export async function writeIndexes(indexes: Indexes): Promise<void> {
  await writeLists(indexes);
  const config = join(indexes.work, 'generate.conf');
  await writeFile(config, generateConfig(indexes));
  await tool(['apt-ftparchive', '-q', '-q', 'generate', config]);
  for (const [suite, components] of Object.entries(indexes.suites)) {
    for (const component of components) {
      const folder = join(indexes.root, 'dists', suite, component);
      await copyByHash(folder, 'Contents');
      await copyByHash(join(folder, 'binary-amd64'), 'Packages');
    }
    await writeRelease(indexes, suite, components);
  }
}

/** Which .deb files belong to which suite and component; apt-ftparchive reads these lists. */
async function writeLists({ root, work, suites, packages }: Indexes): Promise<void> {
  for (const [suite, components] of Object.entries(suites)) {
    for (const component of components) {
      await mkdir(join(root, 'dists', suite, component, 'binary-amd64'), { recursive: true });
      const paths = packages
        .filter((one) => one.suite === suite && one.component === component)
        .map((one) => `${poolPath(one)}\n`);
      await writeFile(join(work, `${suite}_${component}.list`), paths.join(''));
    }
  }
}

function generateConfig({ root, work, suites }: Indexes): string {
  const trees = Object.entries(suites).map(
    ([suite, components]) => `Tree "dists/${suite}" {
  Sections "${components.join(' ')}";
  Architectures "amd64";
  FileList "${work}/${suite}_$(SECTION).list";
};`,
  );
  return `Dir { ArchiveDir "${root}"; CacheDir "${work}"; };
Default { Packages::Compress ". gzip xz"; Contents::Compress "gzip"; };
${trees.join('\n')}
`;
}

/** Debian's by-hash folders keep what earlier Release files name. */
async function copyByHash(folder: string, start: string): Promise<void> {
  const byHash = join(folder, 'by-hash/SHA256');
  await mkdir(byHash, { recursive: true });
  for (const name of (await readdir(folder)).filter((one) => one.startsWith(start))) {
    const digest = createHash('sha256').update(await readFile(join(folder, name)));
    await copyFile(join(folder, name), join(byHash, digest.digest('hex')));
  }
}

async function writeRelease(
  { root, release, signer }: Indexes,
  suite: string,
  components: string[],
): Promise<void> {
  const folder = join(root, 'dists', suite);
  const file = join(folder, 'Release');
  await rm(file, { force: true }); // Or it would list itself.
  const fields = {
    Origin: 'Pushmirror',
    Label: 'Pushmirror test archive',
    Suite: suite === 'trixie' ? 'stable' : 'stable-updates',
    Codename: suite,
    Version: `13.${release}`,
    Architectures: 'amd64 all',
    Components: components.join(' '),
    'Acquire-By-Hash': 'true',
    // As in Debian: apt asks by the strongest digest there is, and by-hash has SHA-256.
    SHA512: 'false',
  };
  const options = Object.entries(fields).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ]);
  await writeFile(file, await tool(['apt-ftparchive', ...options, 'release', folder]));
  await signer.clearSign(file, join(folder, 'InRelease'));
  await signer.detachSign(file, join(folder, 'Release.gpg'));
}
