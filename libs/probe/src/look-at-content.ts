import type { Came } from './requests.ts';

/** A file of a release, and what it must be. */
export interface Sample {
  /** As it stands in a URL, percent-encoded, without a slash in front. */
  path: string;
  sha256: string;
  bytes: number;
}

/** What may be asked of a mirror that shows a release. */
export interface Samples {
  indexes: readonly Sample[];
  /** In the order in which they are to be tried. */
  contents: readonly Sample[];
}

/** The samples of the release that a head names; undefined when nothing is known of its files. */
export type SamplesOf = (head: Buffer) => Promise<Samples | undefined>;

export interface ContentFound {
  /** `missing`: what was asked for is not there. `unknown`: it could not be fetched. */
  index: 'right' | 'wrong' | 'missing' | 'unknown';
  sample: 'right' | 'wrong' | 'missing' | 'unknown';
  /** Of what is not right, in words. */
  reason: string | null;
}

export type AskFor = (what: 'index' | 'sample', path: string, sample: Sample) => Promise<Came>;

/** A mirror may carry a part of the archive only: so many others are tried when one is missing. */
const TRIES = 3;

/**
 * Fetch one index file and one other of the release that the mirror shows, and hold them against the
 * manifest's digests. Null when nothing is known to hold them against.
 */
export async function lookAtContent(
  heads: readonly Buffer[],
  samplesOf: SamplesOf,
  ask: AskFor,
): Promise<ContentFound | null> {
  const [head] = heads;
  const samples = head === undefined ? undefined : await samplesOf(head);
  if (samples === undefined) return null;
  const index = await tryAll('index', samples.indexes.slice(0, TRIES), ask);
  const sample = await tryAll('sample', samples.contents.slice(0, TRIES), ask);
  const reason = index.reason ?? sample.reason;
  return { index: index.found, sample: sample.found, reason };
}

type Found = { found: ContentFound['index']; reason: string | null };

async function tryAll(
  what: 'index' | 'sample',
  samples: readonly Sample[],
  ask: AskFor,
): Promise<Found> {
  let result: Found = { found: 'unknown', reason: null };
  for (const sample of samples) {
    result = judge(sample, await ask(what, sample.path, sample));
    if (result.found !== 'missing') break;
  }
  return result;
}

function judge({ path, sha256 }: Sample, { evidence, error }: Came): Found {
  const { status, error: words } = evidence;
  if (evidence.sha256 === sha256) return { found: 'right', reason: null };
  if (evidence.sha256 !== null) {
    const reason = `${path} has the digest ${evidence.sha256}, not ${sha256} as the manifest says.`;
    return { found: 'wrong', reason };
  }
  if (error?.code === 'too-large') {
    return { found: 'wrong', reason: `${path} is larger than the manifest says.` };
  }
  if (status === 404 || status === 410) {
    return { found: 'missing', reason: `${path} is not there (${status}).` };
  }
  return { found: 'unknown', reason: words ?? `${path}: the answer is ${status ?? 'none'}.` };
}
