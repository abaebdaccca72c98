import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What a mirror has of its own: pushmirror's metadata, the trace files (each mirror writes one), and
 * the marks that a sync is going on. All else must be the same everywhere.
 */
export function isOwnMetadata(path: string): boolean {
  return /^project\/(pushmirror|trace)(\/|$)/.test(path) || /^Archive-Update-[^/]*$/.test(path);
}

/**
 * Compare two trees name by name and byte by byte.
 *
 * @returns one line a difference, such as `missing: dists/x`, sorted; empty when they are the same.
 */
export async function compareTrees(
  wanted: string,
  found: string,
  ignore: (path: string) => boolean = isOwnMetadata,
): Promise<string[]> {
  const differences: string[] = [];
  await compareFolders('');
  return differences.sort();

  async function compareFolders(folder: string): Promise<void> {
    const [left, right] = await Promise.all([names(wanted, folder), names(found, folder)]);
    for (const name of right) {
      if (!left.has(name)) differences.push(`extra: ${name}`);
    }
    for (const name of left) {
      if (!right.has(name)) differences.push(`missing: ${name}`);
      else await compareEntries(name);
    }
  }

  async function compareEntries(name: string): Promise<void> {
    const [a, b] = [join(wanted, name), join(found, name)];
    const [x, y] = await Promise.all([lstat(a), lstat(b)]);
    if ((x.mode & 0o170000) !== (y.mode & 0o170000)) differences.push(`another kind: ${name}`);
    else if (x.isDirectory()) await compareFolders(name);
    else if (x.isSymbolicLink()) {
      if ((await readlink(a)) !== (await readlink(b))) differences.push(`another link: ${name}`);
    } else if (x.size !== y.size || !(await sameBytes(a, b))) {
      differences.push(`other bytes: ${name}`);
    }
  }

  async function names(root: string, folder: string): Promise<Set<string>> {
    const entries = await readdir(join(root, folder)).catch(() => []);
    return new Set(entries.map((name) => join(folder, name)).filter((name) => !ignore(name)));
  }
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const others = createReadStream(b)[Symbol.asyncIterator]();
  for await (const chunk of createReadStream(a)) {
    const other = await others.next();
    if (other.done === true || !(chunk as Buffer).equals(other.value as Buffer)) return false;
  }
  return (await others.next()).done === true;
}
