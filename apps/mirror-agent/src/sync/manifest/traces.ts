import { join } from 'node:path';
import { TRACE_FOLDER } from '@pushmirror/manifest';
import {
  HIERARCHY_FILE,
  MASTER_TRACE_FILE,
  NEXT_FOLDER,
  stage1TraceFile,
  TRACE_LIST_FILE,
  traceFile,
} from '../own-files.ts';
import type { Head } from '@pushmirror/trigger';
import { nextTraceName } from './digest-names.ts';
import { masterTraceFor } from './master-trace.ts';
import { makeTreeFolder, namesIn, readTreeFile, writePlainTreeFile } from '../tree-files.ts';

const MOST_TRACES = 2_000;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/;

/**
 * Show the trace files that came from the upstream, all but those that are our own to write. Each
 * mirror writes one about itself, and all of them travel down the tree.
 *
 * @param root of the release that is shown.
 */
export async function showTraces(
  to: string,
  staged: string,
  mirror: string,
  head: Head,
  root: { sha256: string },
): Promise<void> {
  const own = [traceFile(mirror), stage1TraceFile(mirror), HIERARCHY_FILE, TRACE_LIST_FILE];
  const names = namesIn(join(staged, TRACE_FOLDER));
  for (const name of names.slice(0, MOST_TRACES)) {
    const path = `${TRACE_FOLDER}/${name}`;
    if (!NAME.test(name) || [...own, MASTER_TRACE_FILE].includes(path)) continue;
    const found = await readTreeFile(join(staged, path));
    if (found !== undefined) await show(to, path, found);
  }
  const masters = await masterTraceIn(staged, root);
  if (masters !== undefined) await show(to, MASTER_TRACE_FILE, masterTraceFor(masters, head));
}

/** Keep the master's trace file of a release that stays staged, for those who stage it from here. */
export async function keepNextTrace(
  to: string,
  staged: string,
  root: { sha256: string },
): Promise<void> {
  const found = await masterTraceIn(staged, root);
  if (found === undefined) return;
  await makeTreeFolder(join(to, NEXT_FOLDER));
  await writePlainTreeFile(to, nextTraceName(root), found);
}

/** The upstream had either the release before its readers, or only staged. */
async function masterTraceIn(staged: string, root: { sha256: string }) {
  const next = await readTreeFile(join(staged, nextTraceName(root)));
  return next ?? readTreeFile(join(staged, MASTER_TRACE_FILE));
}

async function show(to: string, path: string, content: Buffer): Promise<void> {
  const ours = await readTreeFile(join(to, path));
  if (ours?.equals(content) !== true) await writePlainTreeFile(to, path, content);
}
