import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TRACE_FOLDER } from '@pushmirror/manifest';
import { HIERARCHY_FILE, stage1TraceFile, TRACE_LIST_FILE, traceFile } from '../own-files.ts';
import type { Head } from '@pushmirror/trigger';
import { masterTraceFor } from './master-trace.ts';
import { readTreeFile, writePlainTreeFile } from '../tree-files.ts';

const MOST_TRACES = 2_000;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/;

/**
 * Show the trace files that came from the upstream, all but those that are our own to write. Each
 * mirror writes one about itself, and all of them travel down the tree.
 */
export async function showTraces(
  to: string,
  staged: string,
  mirror: string,
  head: Head,
): Promise<void> {
  const own = [traceFile(mirror), stage1TraceFile(mirror), HIERARCHY_FILE, TRACE_LIST_FILE];
  const names = await readdir(join(staged, TRACE_FOLDER)).catch(() => []);
  for (const name of names.slice(0, MOST_TRACES)) {
    const path = `${TRACE_FOLDER}/${name}`;
    if (!NAME.test(name) || own.includes(path)) continue;
    const found = await readTreeFile(join(staged, path));
    if (found === undefined) continue;
    const theirs = name === 'master' ? masterTraceFor(found, head) : found;
    const ours = await readTreeFile(join(to, path));
    if (ours?.equals(theirs) !== true) await writePlainTreeFile(to, path, theirs);
  }
}
