import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  findEntry,
  OWN_FOLDER,
  percentDecode,
  percentEncode,
  type Entry,
  type ReadBucket,
  type Root,
  type Selection,
  type TreePath,
  whyUnsafePath,
} from '@pushmirror/manifest';
import { namesIn, writeTreeFile } from '../tree-files.ts';
import { remove } from './place.ts';

/** Lists of what releases dropped and is not deleted yet: in the tree, since they are about it. */
const DELETES_FOLDER = `${OWN_FOLDER}/deletes`;

/** What the tree holds now, and so must not be deleted. */
export interface Holds {
  root: Root;
  read: ReadBucket;
  selected: Selection;
}

/** Write down what a release dropped, durably. Written again, it is the same list. */
export async function scheduleDeletes(
  to: string,
  release: { epoch: number; serial: number; root: { sha256: string } },
  entries: readonly Entry[],
  due: Date,
): Promise<void> {
  if (entries.length === 0) return;
  const lines = entries.map(({ kind, path }) => `${kind} ${percentEncode(path)}`);
  const name = `${release.epoch}-${release.serial}-${release.root.sha256.slice(0, 16)}`;
  const text = [`due ${due.toISOString()}`, ...lines, ''].join('\n');
  await writeTreeFile(to, join(DELETES_FOLDER, name), text);
}

/** When the next list is due; undefined when there is none. */
export async function nextDeletes(to: string): Promise<Date | undefined> {
  const folder = join(to, DELETES_FOLDER);
  let next: Date | undefined;
  for (const name of namesIn(folder)) {
    const text = await readFile(join(folder, name), 'latin1').catch(() => '');
    const due = dueOf(text) ?? new Date(0); // A list that cannot be read goes at once.
    if (next === undefined || due < next) next = due;
  }
  return next;
}

/** Delete what is due, unless it has come back with a later release. */
export async function runDeletes(to: string, holds: Holds, now: Date): Promise<void> {
  const folder = join(to, DELETES_FOLDER);
  for (const name of namesIn(folder)) {
    const list = parse(await readFile(join(folder, name), 'latin1'));
    if (list !== undefined && list.due > now) continue;
    for (const [i, entry] of (list?.entries ?? []).entries()) {
      if (i % 200 === 199) await breathe();
      const held = await findEntry(holds.root, entry.path, holds.read);
      const carried = held !== undefined && holds.selected(held.path, held.kind === 'folder');
      if (!carried) await remove(to, entry);
    }
    await rm(join(folder, name));
  }
}

/** What is on disk only until its grace period is over. */
export async function waitingDeletes(to: string): Promise<Set<TreePath>> {
  const folder = join(to, DELETES_FOLDER);
  const paths = new Set<TreePath>();
  for (const name of namesIn(folder)) {
    const text = await readFile(join(folder, name), 'latin1').catch(() => '');
    for (const { path } of parse(text)?.entries ?? []) paths.add(path);
  }
  return paths;
}

function parse(text: string): { due: Date; entries: Pick<Entry, 'kind' | 'path'>[] } | undefined {
  const due = dueOf(text);
  if (due === undefined) return undefined;
  const [, ...lines] = text.trimEnd().split('\n');
  const entries = lines.flatMap((line) => {
    const [, kind, word = ''] = /^(file|folder|link) (\S+)$/.exec(line) ?? [];
    const path = percentDecode(word);
    if (path === undefined || path === '' || whyUnsafePath(path) !== undefined) return [];
    return [{ kind: kind as Entry['kind'], path }];
  });
  return { due, entries };
}

function dueOf(text: string): Date | undefined {
  const due = new Date(/^due (\S+)$/m.exec(text)?.[1] ?? '');
  return Number.isNaN(due.getTime()) ? undefined : due;
}
