import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { BY_HASH_FOLDER, folderOf, onDisk } from '@pushmirror/manifest';
import type { Upstream } from '../upstream-url.ts';
import { checkFiles, type Flawed } from './check-files.ts';
import { nextName } from './digest-names.ts';
import { fetchFiles } from './fetch.ts';
import type { Part } from './release.ts';
import { offerBasis } from './staging.ts';

/**
 * An upstream that has only staged still shows readers the old content at a path, and the new one
 * waits under its digest: ask for it there.
 *
 * @returns those that still have their flaws.
 */
export async function fetchWaiting(
  { context, planned }: Part,
  upstream: Upstream,
  flawed: readonly Flawed[],
): Promise<Flawed[]> {
  const content = flawed.filter(({ expected }) => !expected.path.startsWith(BY_HASH_FOLDER));
  if (content.length === 0) return [...flawed];
  const { staging } = planned;
  const wanted = content.map(({ expected }) => expected);
  for (const expected of wanted) {
    await offerBasis(staging, nextName(expected), onDisk(context.archive.to, expected.path));
  }
  await fetchFiles(context, {
    upstream,
    names: wanted.map(nextName),
    largest: wanted.reduce((most, { size }) => Math.max(most, size), 1),
    total: wanted.reduce((sum, { size }) => sum + size, 0),
    into: staging.files,
    basis: [staging.basis],
  });
  for (const expected of wanted) {
    const waiting = onDisk(staging.files, nextName(expected));
    if (!existsSync(waiting)) continue;
    const target = onDisk(staging.files, expected.path);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(onDisk(staging.files, folderOf(expected.path)), { recursive: true, mode: 0o700 });
    renameSync(waiting, target);
  }
  const left = await checkFiles(staging.files, wanted, context.signal);
  const still = new Set(left.map(({ expected }) => expected));
  // Told is what was wrong at the path: that is where people look.
  return flawed.filter((one) => !content.includes(one) || still.has(one.expected));
}
