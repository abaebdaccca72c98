import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '@pushmirror/manifest';
import { inWords } from '../folder.ts';
import { SyncFailure } from '../failure.ts';
import type { Staging } from './staging.ts';

/** Refuse a plan that the disk has no room for, before anything of it is fetched. */
export async function checkRoom(
  archive: { to: string; min_free: number },
  plan: Pick<Plan, 'diskBytes' | 'fetch'>,
  staging: Staging,
): Promise<void> {
  const { bavail, bsize, files, ffree } = await statfs(archive.to);
  const free = bavail * bsize;
  // Only when it seems too little is it worth to see what an earlier attempt has staged.
  const tight = free - plan.diskBytes < archive.min_free;
  const needed = Math.max(0, plan.diskBytes - (tight ? await bytesIn(staging.files) : 0));
  if (free - needed < archive.min_free) {
    const text = `The release does not fit on the disk of ${archive.to}: it needs ${inWords(needed)} more, ${inWords(free)} are free, and min_free asks for ${inWords(archive.min_free)} to be left. Free some space.`;
    throw new SyncFailure('no-space', text, { retry: true });
  }
  if (files > 0 && plan.fetch.files > ffree) {
    const text = `The release has ${plan.fetch.files} new files, and the disk of ${archive.to} has ${ffree} inodes left. Remove some files.`;
    throw new SyncFailure('no-space', text, { retry: true });
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path);
    else
      bytes += await lstat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
