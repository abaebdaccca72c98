/** Where a writer ends a bucket. Readers take any cut; this one is what makes updates small. */
const LEAST_ENTRIES = 16;
const USUAL_ENTRIES = 64;
const MOST_ENTRIES = 1_024;
const MOST_BYTES = 1024 * 1024;

/**
 * True when a bucket may end after this entry: for one path in 64, chosen by a hash of the path
 * itself. So where buckets end depends on the paths nearby and on nothing else: the same tree gives
 * the same buckets whatever came before, and a path that comes or goes moves at most the cuts next
 * to it. `folder` comes from hashFolder.
 */
export function mayCutAfter(folder: number, name: string): boolean {
  let hash = fnv1a(folder, name);
  // FNV's low bits are its weakest.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash & (USUAL_ENTRIES - 1)) === 0;
}

/** The hash that mayCutAfter goes on from; 32 bits, FNV-1a. */
export function hashFolder(folder: string): number {
  return fnv1a(0x811c9dc5, `${folder}/`);
}

/** Counts along the entries and says where to cut. */
export class Cutter {
  #entries = 0;
  #bytes = 0;

  /** Tell of the next entry; true when the bucket ends after it. `bytes`: about what it takes. */
  after(mayCut: boolean, bytes: number): boolean {
    this.#entries += 1;
    this.#bytes += bytes;
    const cut =
      (mayCut && this.#entries >= LEAST_ENTRIES) ||
      this.#entries >= MOST_ENTRIES ||
      this.#bytes >= MOST_BYTES;
    if (cut) this.#entries = this.#bytes = 0;
    return cut;
  }
}

function fnv1a(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash;
}
