import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TRACE_FOLDER } from '@pushmirror/manifest';
import { formatTrace } from '@pushmirror/trace';
import type { Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { HIERARCHY_FILE, TRACE_LIST_FILE, traceFile } from './own-files.ts';
import { describeSync } from './trace-content.ts';
import { writeTreeFile } from './tree-files.ts';

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
  const { archive, mirror, trace } = context;
  const { to } = archive;
  const content = await describeSync(context, source, startedAt);
  await writeTreeFile(to, traceFile(mirror), formatTrace(content));

  const above = await readHierarchy(join(to, `${HIERARCHY_FILE}.mirror`));
  const own = [mirror, mirror, trace.host ?? hostname(), source.upstream.host].join(' ');
  const hierarchy = [...above.filter((line) => !line.startsWith(`${mirror} `)), own, ''].join('\n');
  await writeTreeFile(to, HIERARCHY_FILE, hierarchy);
  await writeTreeFile(to, `${HIERARCHY_FILE}.mirror`, hierarchy);

  const traces = await listTraces(join(to, TRACE_FOLDER));
  await writeTreeFile(to, TRACE_LIST_FILE, traces.map((name) => `${name}\n`).join(''));
}

const LARGEST_HIERARCHY = 65_536;

/** The lines that the upstream wrote: text from outside, and no link that it may have put there. */
async function readHierarchy(path: string): Promise<string[]> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return [];
  try {
    if (!(await file.stat()).isFile()) return [];
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_HIERARCHY));
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines.filter((line) => line !== '' && !/\p{Cc}/u.test(line));
  } finally {
    await file.close();
  }
}

/** As `ls -1rt $(find * -type f ! -name "_*")`. */
async function listTraces(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/^[_.]/.test(entry.name));
  const dated = await Promise.all(
    files.map(async ({ name }) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  return dated.toSorted((a, b) => a.at - b.at || (a.name < b.name ? 1 : -1)).map(({ name }) => name);
}
