import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { judge } from './judge.ts';
import { parseOptions, usage, type Options } from './options.ts';
import { runReaders } from './run.ts';

const root = resolve(import.meta.dirname, '../..');
const SHOWN = 10;
const KEEP_SECONDS = 20;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage);
    return 0;
  }
  let options: Options;
  try {
    options = parseOptions(args, Math.random);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${usage}`);
    return 2;
  }
  say(`seed ${options.seed}`);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(`Stopped by ${signal}.`)));
  }
  const folder = join(root, 'artefacts', `readers-${options.seed}${options.calm ? '-calm' : ''}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const longestMs = options.minutes * 60_000;
    const keepSeconds = KEEP_SECONDS;
    await runReaders({ ...options, keepSeconds, longestMs, folder, say, signal: stop.signal });
  } catch (error) {
    say(
      stop.signal.aborted ? messageOf(stop.signal.reason) : `The run failed: ${messageOf(error)}`,
    );
    return 1;
  }
  const { figures, violations } = judge(folder);
  for (const line of violations.slice(0, SHOWN)) say(line);
  if (violations.length > SHOWN) say(`and ${violations.length - SHOWN} more`);
  say(JSON.stringify(figures));
  return violations.length === 0 ? 0 : 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
