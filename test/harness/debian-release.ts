/** One package of the archive that demo and tests publish. */
export interface DebianPackage {
  name: string;
  version: string;
  component: 'main' | 'contrib';
  suite: 'trixie' | 'trixie-updates';
  /** Bytes of its payload. */
  bytes: number;
}

const ADDED_PER_RELEASE = 3;
const CHANGED_EVERY = 4;
const REMOVED_EVERY = 13;

/**
 * Which packages the archive has in its release number `release` (1, 2, ...): from the second on,
 * each changes a quarter of them, adds three and drops a few.
 */
export function packagesOf(release: number, count: number): DebianPackage[] {
  const ever = count + ADDED_PER_RELEASE * (release - 1);
  return Array.from({ length: ever }, (_, index) => index)
    .filter((index) => !isRemoved(index, release))
    .map((index) => ({
      name: nameOf(index),
      version: `1.${changesUntil(index, release)}-1`,
      component: index % 5 === 4 ? 'contrib' : 'main',
      suite: index % 3 === 2 ? 'trixie-updates' : 'trixie',
      bytes: 2_000 + ((index * 7_919) % 40_000),
    }));
}

/** The path of its .deb in the archive, as Debian lays out its pool. */
export function poolPath({ component, name, version }: DebianPackage): string {
  const letter = name.startsWith('lib') ? name.slice(0, 4) : name.slice(0, 1);
  return `pool/${component}/${letter}/${name}/${name}_${version}_all.deb`;
}

function isRemoved(index: number, release: number): boolean {
  return (
    index % REMOVED_EVERY === REMOVED_EVERY - 1 && Math.floor(index / REMOVED_EVERY) < release - 1
  );
}

function changesUntil(index: number, release: number): number {
  let changes = 0;
  for (let each = 2; each <= release; each += 1) {
    if ((index + each) % CHANGED_EVERY === 0) changes += 1;
  }
  return changes;
}

const stems = ['anchor', 'birch', 'copper', 'delta', 'libember', 'fjord', 'garnet', 'libharbor'];
const endings = ['tools', 'data', 'common', 'doc', 'utils'];

function nameOf(index: number): string {
  const stem = stems[index % stems.length];
  const ending = endings[Math.floor(index / stems.length) % endings.length];
  const round = Math.floor(index / (stems.length * endings.length));
  return round === 0 ? `${stem}-${ending}` : `${stem}${round + 1}-${ending}`;
}
