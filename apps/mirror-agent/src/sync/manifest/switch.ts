import { renameSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { onDisk, type Step } from '@pushmirror/manifest';
import { byHashName } from './digest-names.ts';
import { readyCopy, readyLink, replace, touch, TreeNotAsRecorded } from './place.ts';
import { statOf } from '../tree-files.ts';
import type { Part } from './release.ts';

/** An index that only has to be renamed. */
interface Ready {
  from: string;
  target: string | Buffer;
}

/**
 * Stage 2: the indexes switch, in the profile's order, which is that of the plan. Everything is
 * made ready first, so that readers see the release before and the one after, with nothing between
 * them but a row of renames. May be repeated after a crash.
 */
export async function switchIndexes({ context, planned }: Part): Promise<void> {
  const { to } = context.archive;
  const ready: Ready[] = [];
  for (const [i, step] of planned.plan.indexes.entries()) {
    if (i % 200 === 199) await breathe();
    const one = await makeReady(to, planned.staging, step);
    if (one !== undefined) ready.push(one);
  }
  for (const [i, { from, target }] of ready.entries()) {
    if (i % 1_000 === 999) await breathe();
    await renameNow(from, target);
  }
}

/** At once, so that what readers can see between two of them is over in microseconds. */
async function renameNow(from: string, target: string | Buffer): Promise<void> {
  try {
    renameSync(from, target);
  } catch {
    await replace(from, target);
  }
}

async function makeReady(
  to: string,
  staging: Part['planned']['staging'],
  step: Step,
): Promise<Ready | undefined> {
  const target = onDisk(to, step.entry.path);
  switch (step.do) {
    case 'folder':
      return undefined; // Folders are content.
    case 'link':
      return { from: await readyLink(staging, step.entry.target), target };
    case 'touch':
      await touch(to, staging, step.entry);
      return undefined;
    case 'fetch':
    case 'reuse':
    case 'repeat': {
      const source = onDisk(to, byHashName(step.entry));
      if (isSameInode(source, target)) return undefined; // It has switched, before a crash.
      const from = await readyCopy(staging, source, step.entry);
      if (from === undefined) throw new TreeNotAsRecorded(step.entry.path);
      return { from, target };
    }
  }
}

/** rename(2) of one name of a file onto another does nothing, and leaves both. */
function isSameInode(a: string | Buffer, b: string | Buffer): boolean {
  const [one, other] = [a, b].map((path) => statOf(path));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}
