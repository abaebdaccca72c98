import type { Command } from 'commander';
import { masterProgram } from '../../apps/master/src/commands/program.ts';
import { agentProgram } from '../../apps/mirror-agent/src/commands/program.ts';

export type ProgramName = 'mirror-master' | 'mirror-agent';

/** One of our programs with all its commands, or the one that is called; each is only parsed, and does nothing. */
export async function parsedProgram(name: ProgramName, called?: string): Promise<Command> {
  const program = await (name === 'mirror-master' ? masterProgram(called) : silentAgent(called));
  for (const { command } of leavesOf(program)) {
    command.action(() => undefined).configureOutput({ writeOut: () => {}, writeErr: () => {} });
  }
  return program;
}

function silentAgent(called?: string): Promise<Command> {
  const output = { stdout: () => {}, stderr: () => {} };
  const defaultConfig = '/etc/pushmirror/mirror-agent.toml';
  return agentProgram({ output, defaultConfig, exit: () => {} }, called);
}

/** The commands that do something, each with the words that call it. */
export function leavesOf(
  command: Command,
  words: string[] = [],
): { words: string[]; command: Command }[] {
  const path = [...words, command.name()];
  if (command.commands.length === 0) return [{ words: path, command }];
  return command.commands.flatMap((sub) => leavesOf(sub, path));
}

/** All that `--help` says, examples too. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => void (text += more) });
  command.outputHelp();
  return text;
}
