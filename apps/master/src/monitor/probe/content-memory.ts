import type { Look, Samples } from '@pushmirror/probe';
import { parseHead } from '@pushmirror/trigger/head/head';
import { TriggerError } from '@pushmirror/trigger';

/** Which files of a release a mirror is asked for, and when it was last found to have them. */
export interface ContentMemory {
  /** Undefined when the mirror was found right with this release a short while ago. */
  samplesOf(of: Of, head: Buffer): Promise<Samples | undefined>;
  /** The samples of a release of an archive, whoever shows it. */
  samplesIn(archive: string, manifest: Manifest): Promise<Samples | undefined>;
  /** What a look found. */
  note(of: Of, look: Look): void;
}

interface Of {
  mirror: string;
  archive: string;
}

type Manifest = { sha256: string; bytes: number };

export interface ContentMemoryOptions {
  /** The samples of a release of an archive; undefined when its manifest is not there. */
  read: (archive: string, manifest: Manifest) => Promise<Samples | undefined>;
  /** A mirror that was found right is asked again after so long. */
  trustMs: number;
  random: () => number;
  now: () => Date;
}

/** The samples of so many releases are kept. */
const MOST_RELEASES = 32;

export function createContentMemory(o: ContentMemoryOptions): ContentMemory {
  const samples = new Map<string, Promise<Samples | undefined>>();
  /** By mirror and archive: the manifest that it was found right with, and when. */
  const right = new Map<string, { sha256: string; at: number }>();

  const readOnce = (archive: string, manifest: Manifest) => {
    const key = `${archive} ${manifest.sha256}`;
    const known = samples.get(key);
    if (known !== undefined) return known;
    const reading = o.read(archive, manifest).then((found) => {
      if (found === undefined) samples.delete(key); // It may come back: a head is older than its manifest.
      return found;
    });
    reading.catch(() => samples.delete(key));
    samples.set(key, reading);
    const [oldest] = samples.keys();
    if (samples.size > MOST_RELEASES && oldest !== undefined) samples.delete(oldest);
    return reading;
  };

  return {
    async samplesOf({ mirror, archive }, head) {
      const manifest = manifestIn(head);
      if (manifest === undefined) return undefined;
      const known = right.get(`${archive} ${mirror}`);
      const isTrusted =
        known?.sha256 === manifest.sha256 && o.now().getTime() - known.at < o.trustMs;
      if (isTrusted) return undefined;
      const found = await readOnce(archive, manifest);
      return found === undefined ? undefined : rotated(found, o.random());
    },
    samplesIn: readOnce,
    note({ mirror, archive }, { at, content, again, heads }) {
      const key = `${archive} ${mirror}`;
      const found = again === null ? content : (again.content ?? content);
      if (found === null) return;
      const sha256 = manifestIn(heads[0])?.sha256;
      if (found.index === 'right' && found.sample === 'right' && sha256 !== undefined) {
        right.set(key, { sha256, at: at.getTime() });
      } else right.delete(key);
    },
  };
}

/** Another file at each look. */
function rotated({ indexes, contents }: Samples, random: number): Samples {
  const from = Math.floor(random * contents.length);
  return { indexes, contents: [...contents.slice(from), ...contents.slice(0, from)] };
}

/** What a head names, whoever signed it. */
function manifestIn(head: Buffer | undefined): Manifest | undefined {
  if (head === undefined) return undefined;
  try {
    return parseHead(head).head.manifest;
  } catch (error) {
    if (error instanceof TriggerError) return undefined;
    throw error;
  }
}
