import { readFileSync } from 'node:fs';
import type { ArchiveSettings } from './archive-settings.ts';
import { runSync } from './sync.ts';

/** Run by interrupted.test.ts as a process that is killed in mid-sync; its options are in a file. */
const [, , options] = process.argv;

if (options !== undefined) {
  const { archive, mirror, stateDir } = JSON.parse(readFileSync(options, 'utf8')) as {
    archive: ArchiveSettings;
    mirror: string;
    stateDir: string;
  };
  await runSync({
    archive,
    agent: { name: mirror, trace: {} },
    goal: () => undefined,
    via: 'manual',
    stateDir,
    now: () => new Date(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
}
