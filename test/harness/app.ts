import type { RunResult } from '@pushmirror/host';
import { join, resolve } from 'node:path';
import { tryTool } from './tool.ts';

const apps = resolve(import.meta.dirname, '../../apps');

/** The built programs, run as users run them. */
export const masterProgram = join(apps, 'master/dist/cli.js');
export const agentProgram = join(apps, 'mirror-agent/dist/cli.js');

/** The argv of a command of one of our programs. */
export function appArgv(program: string, ...args: string[]): [string, ...string[]] {
  return [process.execPath, program, ...args];
}

/** How a command ended, and the object that `--json` printed (the last line, when there are more). */
export interface CommandResult extends RunResult {
  json: unknown;
}

export async function command(
  program: string,
  args: readonly string[],
  options: { deadlineMs?: number; stdin?: string } = {},
): Promise<CommandResult> {
  const result = await tryTool(appArgv(program, ...args), options);
  return { ...result, json: lastJson(result.stdout) };
}

/** As `command`, but it must succeed. */
export async function mustCommand(
  program: string,
  args: readonly string[],
  options: { deadlineMs?: number; stdin?: string } = {},
): Promise<CommandResult> {
  const result = await command(program, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`,
    );
  }
  return result;
}

function lastJson(stdout: string): unknown {
  for (const text of [stdout, stdout.trimEnd().split('\n').at(-1) ?? '']) {
    try {
      return JSON.parse(text);
    } catch {
      // Not this one.
    }
  }
  return undefined;
}
