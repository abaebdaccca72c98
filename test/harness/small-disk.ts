import { mkdir } from 'node:fs/promises';
import { tool, tryTool } from './tool.ts';

export interface SmallDisk {
  path: string;
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
  return { path, remove: async () => void (await tool(['umount', '--lazy', path])) };
}
