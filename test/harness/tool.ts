import { plainEnvironment, run, type RunResult } from '@pushmirror/host';

export interface ToolOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** Milliseconds; a minute by default. */
  deadlineMs?: number;
  /** Bytes of output that are kept; 16 MiB by default. */
  keepBytes?: number;
}

/** Run a program that must succeed, and return what it printed. */
export async function tool(
  argv: readonly [string, ...string[]],
  options: ToolOptions = {},
): Promise<string> {
  const result = await tryTool(argv, options);
  if (result.code !== 0) {
    const how = result.timedOut ? 'took too long' : `ended with ${result.code ?? result.signal}`;
    throw new Error(`${argv.join(' ')} ${how}:\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}

/** Run a program and return how it ended, whatever that was. */
export function tryTool(
  argv: readonly [string, ...string[]],
  { env, deadlineMs = 60_000, keepBytes = 16 * 1024 * 1024, ...rest }: ToolOptions = {},
): Promise<RunResult> {
  return run({ argv, deadlineMs, keepBytes, env: { ...plainEnvironment(), ...env }, ...rest });
}
