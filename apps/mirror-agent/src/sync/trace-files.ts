import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TRACE_FOLDER } from '@pushmirror/manifest';
import {
  formatHierarchy,
  formatTrace,
  formatTraceList,
  joinHierarchy,
  parseHierarchy,
} from '@pushmirror/trace';
import type { Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { HIERARCHY_FILE, TRACE_LIST_FILE, traceFile } from './own-files.ts';
import { describeSync, traceHost } from './trace-content.ts';
import { readTreeFile, writePlainTreeFile, writeTreeFile } from './tree-files.ts';

/**
 * Write what ftpsync writes after a sync: project/trace/NAME; `_hierarchy`, the chain of mirrors up
 * to the master, which the next in the chain reads as `_hierarchy.mirror`; and `_traces`, the names
 * of all trace files, oldest first. Each is replaced as a whole.
 */
export async function writeTraceFiles(
  context: SyncContext,
  source: Source,
  startedAt: Date,
): Promise<void> {
  const { mirror, trace } = context;
  const { to } = context.archive;
  const content = await describeSync(context, source, startedAt);

  // The passes bring the upstream's _hierarchy.mirror, and it is read before ours replaces it.
  const above = await readTreeFile(join(to, `${HIERARCHY_FILE}.mirror`));
  const lines = joinHierarchy(parseHierarchy(above?.toString('utf8') ?? ''), {
    traceFile: mirror,
    mirror,
    host: traceHost(trace),
    upstream: source.upstream.host,
  });
  await writeTreeFile(to, traceFile(mirror), formatTrace(content));
  // All of these can be had from the trace files again.
  await writePlainTreeFile(to, HIERARCHY_FILE, formatHierarchy(lines));
  await writePlainTreeFile(to, `${HIERARCHY_FILE}.mirror`, formatHierarchy(lines));
  const list = formatTraceList(listTraces(join(to, TRACE_FOLDER)));
  await writePlainTreeFile(to, TRACE_LIST_FILE, list);
}

function listTraces(folder: string): { name: string; modified: Date }[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => ({ name, modified: statSync(join(folder, name)).mtime }));
}
