import { statfs } from 'node:fs/promises';
import { bytesOf, type TreePath } from '@pushmirror/manifest';
import type { SyncContext } from '../context.ts';
import { SyncFailure, type RsyncEnd } from '../failure.ts';
import { diskFull } from '../folder.ts';
import { runRsync, speaksOfFullDisk } from '../rsync.ts';
import type { Progress } from '../stats.ts';
import type { Upstream } from '../upstream-url.ts';
import { fetchArguments } from './fetch-arguments.ts';

export interface Wanted {
  /** Paths in the upstream's tree. */
  names: readonly TreePath[];
  /** Bytes of the largest of them, and of all together. */
  largest: number;
  total: number;
}

export interface FetchOptions extends Wanted {
  upstream: Upstream;
  into: string;
  /** Folders with older versions under the same names. */
  basis?: readonly string[];
  onProgress?: (progress: Progress) => void;
}

/** What rsync's own processes may take; a list of a million names stays far below. */
const MEMORY = 4 * 1024 ** 3;
const WATCH_MS = 500;
/** More than was asked for may come by this much: trace files, and what rsync counts twice. */
const SLACK = 16 * 1024 * 1024;

/**
 * Fetch named files into a folder, by one call of rsync. Which of them came, and whether they are
 * what they should be, is for the caller to see: files that the upstream does not have are no
 * failure here. No file can grow beyond the largest one wanted, nor the disk run full.
 *
 * @returns how rsync ended when something was amiss with single files.
 * @throws SyncFailure `rsync`, `no-space`, `mismatch`, `deadline`, `stopped`
 */
export async function fetchFiles(
  context: SyncContext,
  options: FetchOptions,
): Promise<RsyncEnd | undefined> {
  const { archive, signal, spent } = context;
  const flood = new AbortController();
  const stopWatching = watchSpace(archive, () => flood.abort('space'));
  const started = performance.now();
  try {
    const { bytes, amiss } = await runRsync({
      args: fetchArguments(archive, options.upstream, options),
      stdin: namesOf(options.names),
      partly: true,
      deadlineMs: context.remainingMs(),
      signal: AbortSignal.any([signal, flood.signal]),
      limits: { memory: MEMORY, file: Math.max(options.largest, 1) },
      onProgress(progress) {
        if (progress.bytes > options.total * 2 + SLACK) flood.abort('flood');
        options.onProgress?.(progress);
      },
    });
    spent.bytes += bytes;
    if (amiss !== undefined) await checkEnd(amiss, archive, options.upstream);
    return amiss;
  } catch (error) {
    if (!(error instanceof SyncFailure) || signal.aborted) throw error;
    if (flood.signal.reason === 'flood') throw sendsTooMuch(options.upstream);
    const end = error.rsync ?? { code: null, lines: [] };
    if (flood.signal.aborted) throw await diskFull(archive.to, archive.min_free, end);
    await checkEnd(end, archive, options.upstream);
    throw error;
  } finally {
    stopWatching();
    spent.stage1 += (performance.now() - started) / 1000;
  }
}

/** @throws SyncFailure when what is amiss is not with single files. */
async function checkEnd(
  end: RsyncEnd,
  archive: SyncContext['archive'],
  upstream: Upstream,
): Promise<void> {
  if (speaksOfFullDisk(end)) throw await diskFull(archive.to, archive.min_free, end);
  if (end.lines.some((line) => /File too large/.test(line))) throw sendsTooMuch(upstream);
}

/** What rsync reads with --from0: names that end with NUL, none of which looks like a comment. */
function namesOf(names: readonly TreePath[]): Buffer {
  return bytesOf(names.map((name) => `${/^[#;]/.test(name) ? './' : ''}${name}\0`).join(''));
}

function watchSpace(archive: { to: string; min_free: number }, tooLittle: () => void): () => void {
  const timer = setInterval(() => {
    void statfs(archive.to).then(
      ({ bavail, bsize }) => {
        if (bavail * bsize < archive.min_free / 2) tooLittle();
      },
      () => {},
    );
  }, WATCH_MS);
  return () => clearInterval(timer);
}

function sendsTooMuch(upstream: Upstream): SyncFailure {
  const text = `upstream ${upstream.url} sends more than its manifest says, and was cut off`;
  return new SyncFailure('mismatch', text, { retry: true });
}
