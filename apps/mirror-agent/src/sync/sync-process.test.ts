import { readFileSync } from 'node:fs';
import { parseHead } from '@pushmirror/trigger';
import type { ArchiveSettings } from './archive-settings.ts';
import { runSync } from './sync.ts';

/** Run by interrupted.test.ts as a process that is killed in mid-sync; its options are in a file. */
const [, , options] = process.argv;

if (options !== undefined) {
  const {
    archive,
    mirror,
    stateDir,
    head,
    mayCommit = true,
  } = JSON.parse(readFileSync(options, 'utf8')) as {
    archive: ArchiveSettings;
    mirror: string;
    stateDir: string;
    head?: string;
    mayCommit?: boolean;
  };
  const goal = head === undefined ? undefined : parseHead(Buffer.from(head, 'latin1'));
  await runSync({
    archive,
    agent: { name: mirror, trace: {} },
    goal: () => goal,
    mayCommit: () => mayCommit,
    via: 'manual',
    stateDir,
    now: () => new Date(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
}
