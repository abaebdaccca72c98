import { Command, Option } from 'commander';
import { apiPath, createClient, type Client } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { EXIT, Exit, UsageError } from './exit.ts';
import type { Published } from './follow-publish.ts';
import { goals, type Goals } from './goals.ts';
import { counted, number } from '../http/page/words.ts';
import { say, sayJson, warn } from './output.ts';
import { durationMs, wholeNumber } from './parse.ts';
import { createProgress, ending, type Progress } from './progress.ts';
import type { RolloutEnd } from './wait-for-mirrors.ts';

interface PublishOptions extends CommonOptions {
  wait?: Goals;
  timeout: number;
  allowDelete?: number;
  full?: boolean;
  changed?: string;
  urgent?: boolean;
}

const DEFAULT_TIMEOUT_MS = 24 * 3_600_000;

/** `mirror-master publish ARCHIVE` */
export function publishCommand(): Command {
  const command = new Command('publish')
    .description('make a release of what is in an archive now, and push it')
    .argument('<archive>')
    .option('--wait <share>', 'until so many mirrors have it: 95%, 20, tier1=100%', goals)
    .addOption(
      new Option('--timeout <time>', 'wait no longer than this')
        .argParser(durationMs)
        .default(DEFAULT_TIMEOUT_MS, '24h'),
    )
    .option('--allow-delete <files>', 'let it drop so many files', wholeNumber)
    .option('--full', 'hash every file again')
    .option('--changed <list>', 'only these paths changed: a file with one on a line, or -')
    .option('--urgent', 'to everybody at once, ahead of everything: no waves, no bake')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 not published, 2 usage, 3 published, but not all mirrors waited for have it.\n\nExample:\n  mirror-master publish debian --wait 100% --timeout 5m --json\n  mirror-master publish debian --wait tier1=100%,95% --timeout 10m\n  mirror-master publish debian-security --urgent\n  reprepro ... && find pool dists -newer last -type f | mirror-master publish debian --changed -',
    );
  return withCommonOptions(command).action(async (archive: string, options: PublishOptions) => {
    const started = performance.now();
    const client = createClient(options);
    const progress = createProgress(process.stderr);
    const { allowDelete, full, urgent } = options;
    const changedPaths = await changedIn(options);
    const asked = { allowDelete, full, urgent, changed: changedPaths, wait: false };
    const { published, end } = await ending(progress, async () => {
      // What follows is loaded while the master is at it: that takes longer than to begin.
      const following = () => import('./follow-publish.ts');
      const path = apiPath('archives', archive, 'releases');
      const begun = await client.post(path, asked, async () => (await following()).attemptSchema);
      const made = await (await following()).followPublish(client, begun, progress);
      progress.line(`${archive} ${made.serial} is published: ${counted(made.files, 'file')}.`);
      return { published: made, end: await waited(client, made, options, progress) };
    });
    const { serial, files, bytes, changed } = published;
    const { total, committed, failed } = end;
    const seconds = Math.round((performance.now() - started) / 10) / 100;
    const mirrors = { total, committed, failed };
    if (options.json === true) {
      sayJson({ archive, serial, files, bytes, changed, mirrors, seconds });
    } else if (options.wait === undefined) {
      say(
        `${counted(total, 'mirror')} will hear of it. Follow: mirror-master rollout show ${archive}`,
      );
    } else {
      say(`${committed} of ${number(total)} mirrors have it after ${seconds} s; ${failed} failed.`);
    }
    if (end.reached) return;
    warn(end.reason ?? 'Not all mirrors have it.');
    throw new Exit(EXIT.someMirrorsFailed);
  });
}

async function waited(
  client: Client,
  published: Published,
  { wait, timeout }: PublishOptions,
  progress: Progress,
): Promise<RolloutEnd> {
  if (wait === undefined) {
    return { reached: true, total: published.mirrors, committed: 0, failed: 0 };
  }
  const { waitForMirrors } = await import('./wait-for-mirrors.ts');
  return waitForMirrors(client, published, { goals: wait, deadlineMs: timeout }, progress);
}

async function changedIn({ changed, full }: PublishOptions): Promise<string[] | undefined> {
  if (changed === undefined) return undefined;
  if (full === true) {
    const text = '--changed says what to look at, and --full asks for everything: give one.';
    throw new UsageError(text);
  }
  const { readChangedList } = await import('./changed-list.ts');
  return readChangedList(changed);
}
