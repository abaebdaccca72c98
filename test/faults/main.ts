import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseOptions, usage, type Options } from './options.ts';
import { runFaults } from './run.ts';

const root = resolve(import.meta.dirname, '../..');

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
    // A second Ctrl-C changes nothing: ending takes some seconds, and leaves no process behind.
    process.on(signal, () => stop.abort(new Error(`Stopped by ${signal}.`)));
  }
  const folder = join(root, 'artefacts', `faults-${options.seed}`);
  await rm(folder, { recursive: true, force: true });
  try {
    const longestMs = options.minutes * 60_000;
    await runFaults({ ...options, longestMs, folder, say, signal: stop.signal });
  } catch (error) {
    say(
      stop.signal.aborted ? messageOf(stop.signal.reason) : `The run failed: ${messageOf(error)}`,
    );
    return 1;
  }
  return read(folder);
}

/** The reader is a program of its own, which knows nothing of ours. */
async function read(folder: string): Promise<number> {
  const program = join(import.meta.dirname, 'reader/main.ts');
  const reader = spawn(process.execPath, ['--import', 'tsx', program, folder], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(reader, 'exit')) as [number | null];
  return code ?? 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
