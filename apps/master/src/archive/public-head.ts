import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, HostError, replaceFile } from '@pushmirror/host';
import { HEAD_PATH, type SignedHead } from '@pushmirror/trigger/head/head';
import { HOLD_PATH } from '@pushmirror/trigger/head/hold';
import { SIGNERS_PATH } from '@pushmirror/trigger/head/signers';
import { formatMasterTrace, isOurTrace } from './master-trace.ts';

/**
 * Put a release's head where mirrors poll for it, `project/pushmirror/Release.head`, and its trace
 * files, `project/trace/NAME` and `project/trace/master` (where ftpsync looks for the archive's
 * serial). A `project/trace/master` that another program wrote, such as dak, is left alone. The
 * head comes last, and all of it is on the disk when this resolves.
 *
 * @throws HostError `disk-full` or `cannot-write`
 */
export async function writePublicHead(
  root: string,
  master: string,
  signed: SignedHead,
  publishedAt: Date,
): Promise<void> {
  const trace = formatMasterTrace(master, signed.head, publishedAt);
  const traces = join(root, 'project/trace');
  const head = join(root, HEAD_PATH);
  await makeFolder(traces);
  await makeFolder(dirname(head));
  await replaceFile(join(traces, master), trace);
  const common = join(traces, 'master');
  if (isOurTrace(await readText(common))) await replaceFile(common, trace);
  await replaceFile(head, signed.bytes);
}

/**
 * Put the newest hold, or the release from one, where mirrors poll for it.
 *
 * @throws HostError `disk-full` or `cannot-write`
 */
export async function writePublicHold(root: string, text: string): Promise<void> {
  const path = join(root, HOLD_PATH);
  await makeFolder(dirname(path));
  await replaceFile(path, Buffer.from(text, 'latin1'));
}

export function readPublicHold(root: string): Promise<string | undefined> {
  return readText(join(root, HOLD_PATH));
}

/**
 * Put the texts on who may sign where mirrors look for them; nothing when there are none.
 *
 * @throws HostError `disk-full` or `cannot-write`
 */
export async function writePublicSigners(root: string, texts: Buffer): Promise<void> {
  const path = join(root, SIGNERS_PATH);
  if (texts.length === 0 || (await readText(path)) === texts.toString('latin1')) return;
  await makeFolder(dirname(path));
  await replaceFile(path, texts);
}

/** The head that is public now; undefined when there is none. */
export function readPublicHead(root: string): Promise<string | undefined> {
  return readText(join(root, HEAD_PATH));
}

/** Remove what a crash left behind while a head, a hold or a trace was being replaced. */
export async function clearHalfWritten(root: string, master: string): Promise<void> {
  const names = [
    HEAD_PATH,
    HOLD_PATH,
    SIGNERS_PATH,
    `project/trace/${master}`,
    'project/trace/master',
  ];
  for (const path of names.map((name) => join(root, name))) {
    const folder = dirname(path);
    const entries = await readdir(folder).catch(() => []);
    const left = entries.filter((name) => isHalfOf(join(folder, name), path));
    await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
  }
}

/** `replaceFile` writes `PATH.<12 hex>.new` first. */
function isHalfOf(candidate: string, path: string): boolean {
  return candidate.startsWith(`${path}.`) && /\.[0-9a-f]{12}\.new$/.test(candidate);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOSPC' || errno === 'EDQUOT') {
      throw new HostError('disk-full', `The disk is full: ${path} could not be made.`, { cause });
    }
    throw new HostError('cannot-write', `${path} could not be made (${errno ?? String(cause)}).`, {
      cause,
    });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
