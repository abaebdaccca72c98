import { readdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { TRACE_FOLDER } from '@pushmirror/manifest';
import { SyncFailure, type RsyncEnd } from './failure.ts';
import { makeTreeFolder } from './tree-files.ts';

/**
 * Make sure that `to` may be filled, and emptied, by rsync: it is missing, empty, or has been a
 * mirror before. A folder with anything else in it is most likely a mistake in the configuration,
 * and a sync would delete what the upstream does not have.
 *
 * @throws SyncFailure `foreign-folder`
 */
export async function prepareFolder(to: string): Promise<void> {
  const names = namesOrNone(to);
  const others = names.filter((name) => name !== 'lost+found');
  if (others.length > 0 && !others.some((name) => name === 'project' || name === 'dists')) {
    throw new SyncFailure(
      'foreign-folder',
      `${to} has files in it and does not look like a mirror: a sync would delete them. Empty it, or, if it is a mirror, run: mkdir -p ${join(to, TRACE_FOLDER)}`,
      { retry: false },
    );
  }
  await makeTreeFolder(join(to, TRACE_FOLDER));
}

function namesOrNone(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Refuse to start when less than `minFree` bytes, or not one inode, are free.
 *
 * @throws SyncFailure `no-space`
 */
export async function checkSpace(to: string, minFree: number): Promise<void> {
  const { free, inodes } = await spaceOf(to);
  if (free < minFree) throw noSpace(to, free, minFree);
  if (inodes === 0) {
    throw new SyncFailure('no-space', `The disk of ${to} has no inodes left. Remove some files.`, {
      retry: true,
    });
  }
}

/** The failure to tell of when rsync filled the disk. */
export async function diskFull(to: string, minFree: number, rsync: RsyncEnd): Promise<SyncFailure> {
  return noSpace(to, (await spaceOf(to)).free, minFree, rsync);
}

function noSpace(to: string, free: number, minFree: number, rsync?: RsyncEnd): SyncFailure {
  const text = `The disk of ${to} is full: ${inWords(free)} are free, and min_free asks for ${inWords(minFree)}. Free some space.`;
  return new SyncFailure('no-space', text, { retry: true, rsync });
}

async function spaceOf(to: string): Promise<{ free: number; inodes: number | undefined }> {
  const { bavail, bsize, files, ffree } = await statfs(to);
  // Some file systems (btrfs) have no fixed number of inodes and say 0.
  return { free: bavail * bsize, inodes: files > 0 ? ffree : undefined };
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes, for people. */
export function inWords(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const number = bytes / 1024 ** power;
  return `${power === 0 ? number : number.toFixed(1)} ${UNITS[power]}`;
}
