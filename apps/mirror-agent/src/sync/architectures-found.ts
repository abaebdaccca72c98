import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders below dists that are looked into; Debian itself has about 3,000. */
const MOST_FOLDERS = 100_000;

/**
 * The architectures that a Debian archive's `dists` has indexes of, sorted, found as ftpsync finds
 * them: by `binary-ARCH/Packages.*` and `source/Sources.*`. Links are not followed.
 */
export async function findArchitectures(to: string): Promise<string[]> {
  const found = new Set<string>();
  const waiting = [join(to, 'dists')];
  for (let looked = 0; waiting.length > 0 && looked < MOST_FOLDERS; looked += 1) {
    const folder = waiting.pop() ?? '';
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
    const architecture = architectureOf(folder, entries);
    if (architecture !== undefined) found.add(architecture);
    for (const entry of entries) {
      if (entry.isDirectory() && entry.name !== 'by-hash') waiting.push(join(folder, entry.name));
    }
  }
  return [...found].toSorted();
}

function architectureOf(folder: string, entries: readonly Dirent[]): string | undefined {
  const [, name, binary] = /\/(source|binary-([A-Za-z0-9-]+))$/.exec(folder) ?? [];
  if (name === undefined) return undefined;
  const index = binary === undefined ? 'Sources.' : 'Packages.';
  return entries.some((entry) => entry.name.startsWith(index)) ? (binary ?? 'source') : undefined;
}
