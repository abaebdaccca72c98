import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { indexesIn, packagesIn, type Named } from './release-file.ts';

/** How a reader asks for an index: by its name, or by the digest that Release gives for it. */
export type How = 'by-name' | 'by-hash';

export interface Fault {
  kind: 'missing' | 'mismatch';
  path: string;
}

/** One pass over a suite: InRelease, every index it names, some packages that those name. */
export interface Look {
  suite: string;
  how: How;
  /** The digest of the InRelease that was read; undefined when there was none. */
  release: string | undefined;
  indexes: number;
  packages: number;
  faults: Fault[];
  /**
   * What had become of that InRelease when a fault was seen: another had come during the pass
   * (`straddled`), or came within SOON_MS (`switching`), or it still stood (`stood`).
   */
  after?: 'straddled' | 'switching' | 'stood';
}

const SOON_MS = 100;

export async function lookAt(
  tree: string,
  suite: string,
  how: How,
  pick: (from: readonly Named[]) => readonly Named[],
): Promise<Look> {
  const folder = join(tree, 'dists', suite);
  const file = join(folder, 'InRelease');
  const bytes = read(file);
  const look: Look = {
    suite,
    how,
    release: bytes && digestOf(bytes),
    indexes: 0,
    packages: 0,
    faults: [],
  };
  const indexes = bytes && indexesIn(bytes.toString('utf8'));
  if (indexes === undefined) {
    look.faults.push({ kind: bytes ? 'mismatch' : 'missing', path: `dists/${suite}/InRelease` });
  }
  for (const named of indexes ?? []) {
    const name =
      how === 'by-name' ? named.path : join(dirname(named.path), 'by-hash/SHA256', named.sha256);
    const index = check(tree, { ...named, path: join('dists', suite, name) }, look.faults);
    look.indexes += 1;
    if (index === undefined || !named.path.endsWith('/Packages')) continue;
    for (const one of pick(packagesIn(index.toString('utf8')))) {
      check(tree, one, look.faults);
      look.packages += 1;
    }
  }
  if (look.faults.length > 0) look.after = await whatAfter(file, look.release);
  return look;
}

/** The file's bytes when they are what was said of them. */
function check(tree: string, named: Named, faults: Fault[]): Buffer | undefined {
  const bytes = read(join(tree, named.path));
  if (bytes !== undefined && bytes.length === named.bytes && digestOf(bytes) === named.sha256) {
    return bytes;
  }
  faults.push({ kind: bytes === undefined ? 'missing' : 'mismatch', path: named.path });
  return undefined;
}

async function whatAfter(
  file: string,
  before: string | undefined,
): Promise<NonNullable<Look['after']>> {
  const changed = () => {
    const now = read(file);
    return (now && digestOf(now)) !== before;
  };
  if (changed()) return 'straddled';
  for (const end = performance.now() + SOON_MS; performance.now() < end; await delay(1)) {
    if (changed()) return 'switching';
  }
  return 'stood';
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
