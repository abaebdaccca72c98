import { join } from 'node:path';
import { printable } from '@pushmirror/manifest';
import { parseHead, HEAD_PATH } from '@pushmirror/trigger';
import type { Command } from 'commander';
import { archiveOnDisk } from '../access/local.ts';
import type { ArchiveConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { verifyTree, type Problem, type Verified } from '../sync/manifest/verify.ts';
import { runSync } from '../sync/sync.ts';
import { readTreeFile } from '../sync/tree-files.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';
import { inBytes } from './in-words.ts';

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
      const archives = config.archive.filter((one) => name === undefined || one.name === name);
      if (archives.length === 0) {
        const known = config.archive.map((one) => one.name).join(', ');
        throw new AgentError('usage', `This mirror does not carry ${name}. It carries: ${known}.`);
      }
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      process.once('SIGTERM', () => stop.abort());
      let good = true;
      for (const archive of archives) {
        if (!(await verifyOne(settings, archive, options, stop.signal))) good = false;
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
  let problems = 0;
  const verified = await verifyTree({
    archive,
    mirror: settings.config.name,
    percent: options.sample ?? 100,
    signal,
    onProblem(problem) {
      problems += 1;
      print(json, { archive: archive.name, ...shown(problem) }, inWords(archive.name, problem));
    },
  });
  const summary = { archive: archive.name, problems, ...verified };
  print(json, summary, `${archive.name}: ${summaryInWords(verified, problems)}`);
  if (verified.kind === 'verified' && problems === 0) return true;
  return options.repair === true && repair(settings, archive, json, signal);
}

/** Sync to the release that was committed, from what is really on disk. */
async function repair(
  settings: Settings,
  archive: ArchiveConfig,
  json: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { config } = settings;
  const bytes = await readTreeFile(join(archive.to, HEAD_PATH));
  const head = bytes && parseHead(bytes);
  if (head?.head.manifest === undefined) {
    const reason = 'its head names no manifest, so that nothing says what it should hold';
    print(json, { archive: archive.name, reason }, `${archive.name}: not repaired: ${reason}`);
    return false;
  }
  const result = await runSync({
    archive: await archiveOnDisk(settings, archive),
    agent: config,
    goal: () => head,
    via: 'manual',
    stateDir: statePaths(config.state).sync,
    lookThrough: true,
    now: () => new Date(),
    signal,
    onEvent: () => {},
  });
  const failed = result.kind === 'failed';
  const text = failed
    ? `not repaired: ${result.reason}`
    : `repaired: ${inBytes(result.bytes)} fetched`;
  const told = failed
    ? { repaired: false, reason: result.reason }
    : { repaired: true, bytes: result.bytes };
  print(json, { archive: archive.name, ...told }, `${archive.name}: ${text}`);
  return !failed;
}

function shown(problem: Problem) {
  return { ...problem, path: Buffer.from(problem.path, 'latin1').toString('utf8') };
}

function inWords(archive: string, { problem, path, about }: Problem): string {
  return `${archive}: ${problem}: ${printable(path)}${about === undefined ? '' : ` (${about})`}`;
}

function summaryInWords(verified: Verified, problems: number): string {
  if (verified.kind === 'unknown') return `cannot be verified: ${verified.reason}`;
  const { serial, entries, read, bytes } = verified;
  const found = problems === 0 ? 'all is well' : `${problems} problems`;
  return `serial ${serial}: ${found}; ${entries} entries, ${read} files read (${inBytes(bytes)})`;
}

function print(json: boolean, object: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(object) : text}\n`);
}

function readPercent(text: string): number {
  const percent = Number(/^(\d{1,3}(?:\.\d+)?)%?$/.exec(text)?.[1]);
  if (percent > 0 && percent <= 100) return percent;
  throw new AgentError('usage', `--sample takes a share of the files, such as 5%, not "${text}".`);
}
