import { join } from 'node:path';
import { becomeOwnerOf } from '@pushmirror/host';
import { parseHead, HEAD_PATH } from '@pushmirror/trigger';
import type { Command } from 'commander';
import { archiveOnDisk } from '../access/local.ts';
import type { ArchiveConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { lineOfEvent } from '../sync-operation.ts';
import { verifyTree } from '../sync/manifest/verify.ts';
import { runSync } from '../sync/sync.ts';
import { readTreeFile } from '../sync/tree-files.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';
import { inBytes } from './in-words.ts';
import { createLiveLine } from './live-line.ts';
import { Pace } from './pace.ts';
import { createSyncView } from './sync-view.ts';
import { problemInWords, progressInWords, shown, summaryInWords } from './verify-words.ts';

interface VerifyOptions extends CommonOptions {
  repair?: true;
  sample?: number;
}

/** `mirror-agent verify`: compare the disk with the manifest of the committed release. */
export function verifyCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'verify',
    'Compare the disk with the manifest. Exit code 1 when something is missing, extra or wrong.',
    'mirror-agent verify debian --repair',
  )
    .argument('[archive]', 'all archives when left out')
    .option('--repair', 'fetch what is missing or wrong, and delete what is extra')
    .option('--sample <percent>', 'read only so many of a hundred files, such as 5%', readPercent)
    .action(async (name: string | undefined, options: VerifyOptions) => {
      const settings = loadSettings(options.config);
      const { config } = settings;
      becomeOwnerOf(statePaths(config.state).root);
      const archives = config.archive.filter((one) => name === undefined || one.name === name);
      if (archives.length === 0) {
        const known = config.archive.map((one) => one.name).join(', ');
        throw new AgentError('usage', `This mirror does not carry ${name}. It carries: ${known}.`);
      }
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      process.once('SIGTERM', () => stop.abort());
      let good = true;
      try {
        for (const archive of archives) {
          if (!(await verifyOne(settings, archive, options, stop.signal))) good = false;
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        throw new AgentError('stopped', 'Stopped. What had been found until then stands above.');
      }
      context.exit(good ? 0 : 1);
    });
}

async function verifyOne(
  settings: Settings,
  archive: ArchiveConfig,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const json = options.json === true;
  const live = createLiveLine();
  const pace = new Pace();
  const print: Print = (object, text) => {
    if (json) process.stdout.write(`${JSON.stringify({ archive: archive.name, ...object })}\n`);
    else live.print(`${archive.name}: ${text}`);
  };
  let problems = 0;
  const verified = await verifyTree({
    archive,
    mirror: settings.config.name,
    percent: options.sample ?? 100,
    signal,
    onProblem(problem) {
      problems += 1;
      print(shown(problem), problemInWords(problem));
    },
    onProgress(progress) {
      if (!json) live.tell(`${archive.name}: ${progressInWords(progress, pace)}`);
    },
  }).finally(() => live.end());
  print({ problems, ...verified }, summaryInWords(verified, problems));
  if (verified.kind === 'verified' && problems === 0) return true;
  return options.repair === true && repair(settings, archive, print, { json, signal });
}

type Print = (object: object, text: string) => void;

/** Sync to the release that was committed, from what is really on disk. */
async function repair(
  settings: Settings,
  archive: ArchiveConfig,
  print: Print,
  { json, signal }: { json: boolean; signal: AbortSignal },
): Promise<boolean> {
  const { config } = settings;
  const bytes = await readTreeFile(join(archive.to, HEAD_PATH));
  const head = bytes && parseHead(bytes);
  if (head?.head.manifest === undefined) {
    const reason = 'its head names no manifest, so that nothing says what it should hold';
    print({ reason }, `not repaired: ${reason}`);
    return false;
  }
  const view = createSyncView(false);
  const result = await runSync({
    archive: await archiveOnDisk(settings, archive),
    agent: config,
    goal: () => head,
    via: 'manual',
    stateDir: statePaths(config.state).sync,
    lookThrough: true,
    now: () => new Date(),
    signal,
    onEvent(event) {
      const line = json ? undefined : lineOfEvent(archive.name, event);
      if (line !== undefined) view.show(line);
    },
  }).finally(() => view.end());
  if (result.kind === 'failed') {
    print({ repaired: false, reason: result.reason }, `not repaired: ${result.reason}`);
  } else {
    print({ repaired: true, bytes: result.bytes }, `repaired: ${inBytes(result.bytes)} fetched`);
  }
  return result.kind !== 'failed';
}

function readPercent(text: string): number {
  const percent = Number(/^(\d{1,3}(?:\.\d+)?)%?$/.exec(text)?.[1]);
  if (percent > 0 && percent <= 100) return percent;
  throw new AgentError('usage', `--sample takes a share of the files, such as 5%, not "${text}".`);
}
