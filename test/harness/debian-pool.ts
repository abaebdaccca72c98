import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import pLimit from 'p-limit';
import { poolPath, type DebianPackage } from './debian-release.ts';
import { noise } from './plain-tree.ts';
import { tool } from './tool.ts';

// One date for all, so that the same version of a package has the same bytes everywhere.
const SOURCE_DATE_EPOCH = '1750000000';

/** Make `root/pool` hold just these packages: build what is missing, remove the rest. */
export async function buildPool(
  root: string,
  work: string,
  packages: readonly DebianPackage[],
): Promise<void> {
  const limit = pLimit(3);
  await Promise.all(packages.map((one) => limit(() => buildPackage(root, work, one))));
  await removeOthers(root, new Set(packages.map(poolPath)));
}

async function buildPackage(root: string, work: string, one: DebianPackage): Promise<void> {
  const file = join(root, poolPath(one));
  if (existsSync(file)) return;
  const folder = join(work, 'packages', one.name);
  await mkdir(join(folder, 'DEBIAN'), { recursive: true });
  await mkdir(join(folder, 'usr/share', one.name), { recursive: true });
  await writeFile(join(folder, 'DEBIAN/control'), control(one));
  await writeFile(
    join(folder, 'usr/share', one.name, 'data.bin'),
    noise(`${one.name} ${one.version}`, one.bytes),
  );
  await mkdir(dirname(file), { recursive: true });
  await tool(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', folder, file], {
    env: { SOURCE_DATE_EPOCH },
  });
  await rm(folder, { recursive: true });
}

function control({ name, version, component }: DebianPackage): string {
  const section = component === 'main' ? 'misc' : `${component}/misc`;
  return `Package: ${name}
Version: ${version}
Architecture: all
Section: ${section}
Priority: optional
Maintainer: Pushmirror test archive <archive@example.org>
Description: package ${name} of a small archive
 It carries bytes that only its name and version decide.
`;
}

async function removeOthers(root: string, keep: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(join(root, 'pool'), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (keep.has(relative(root, path))) continue;
    await rm(path);
    await rmdir(entry.parentPath).catch(() => {}); // Only when it is empty now.
  }
}
