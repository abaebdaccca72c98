import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isOwnMetadata } from '../harness/compare-trees.ts';

/**
 * Every path below a folder, with kind, mode, time and content. Names are bytes, shown as Latin-1,
 * since not all of them are UTF-8; what each mirror has of its own is left out.
 */
export function listing(root: string): Map<string, string> {
  const found = new Map<string, string>();
  walk('');
  return found;

  function walk(folder: string): void {
    for (const name of readdirSync(at(root, folder), { encoding: 'buffer' })) {
      const path = (folder === '' ? '' : `${folder}/`) + name.toString('latin1');
      // The folder itself is there for our own files; its time is of no meaning.
      if (path === 'project' || isOwnMetadata(path)) continue;
      found.set(path, describe(at(root, path)));
      if (found.get(path)?.startsWith('folder')) walk(path);
    }
  }
}

/** What differs between two listings, one line a path. */
export function differences(wanted: Map<string, string>, found: Map<string, string>): string[] {
  const paths = new Set([...wanted.keys(), ...found.keys()]);
  return [...paths]
    .filter((path) => wanted.get(path) !== found.get(path))
    .map(
      (path) =>
        `${JSON.stringify(path)}: ${found.get(path) ?? 'nothing'} instead of ${wanted.get(path) ?? 'nothing'}`,
    );
}

/** A path of bytes below a root. */
export function at(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

function describe(path: Buffer): string {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o777).toString(8);
  if (stat.isDirectory()) return `folder ${mode}`;
  if (stat.isSymbolicLink()) {
    return `link to ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`;
  }
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `file ${mode} ${stat.size} ${Math.floor(stat.mtimeMs / 1000)} ${digest}`;
}
