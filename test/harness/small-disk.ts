import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tool, tryTool } from './tool.ts';

export interface SmallDisk {
  path: string;
  /** Fill it to the last byte. */
  fill(): Promise<void>;
  /** Take away what `fill` has written. */
  free(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Mount a tmpfs of some MiB, to fill it up.
 *
 * @returns undefined where we may not mount.
 */
export async function smallDisk(path: string, mebibytes: number): Promise<SmallDisk | undefined> {
  await mkdir(path, { recursive: true });
  const mount = await tryTool(['mount', '-t', 'tmpfs', '-o', `size=${mebibytes}M`, 'tmpfs', path]);
  if (mount.code !== 0) return undefined;
  const filler = join(path, 'filler');
  return {
    path,
    async fill() {
      for (const bytes of [64 * 1024, 1024, 1]) {
        // Twice as much as the disk has: it is full before.
        for (let left = (mebibytes * 2 ** 21) / bytes; left > 0; left -= 1) {
          if (!(await append(filler, bytes))) break;
        }
      }
    },
    free: () => rm(filler, { force: true }),
    remove: async () => void (await tool(['umount', '--lazy', path])),
  };
}

/** False when the disk takes no more. */
function append(path: string, bytes: number): Promise<boolean> {
  return appendFile(path, Buffer.alloc(bytes, 1)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOSPC') return false;
      throw error;
    },
  );
}
