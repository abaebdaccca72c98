import { Command } from 'commander';

/** Where a command's output goes. */
export interface Output {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

/** What each command is given. */
export interface CommandContext {
  output: Output;
  /** The configuration file when `--config` is not given. */
  defaultConfig: string;
  /** Sets the process's exit code: 0 ok, 1 failed, 2 usage, 3 some mirrors failed. */
  exit: (code: number) => void;
}

/** A command with the options that all have; `example` is shown below its help. */
export function newCommand(
  context: CommandContext,
  name: string,
  about: string,
  example: string,
): Command {
  const { stdout, stderr } = context.output;
  return new Command(name)
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .description(about)
    .option('-c, --config <file>', 'configuration file', context.defaultConfig)
    .option('--json', 'machine-readable output on stdout')
    .addHelpText('after', `\nExample:\n  ${example.replaceAll('\n', '\n  ')}`);
}

export interface CommonOptions {
  config: string;
  json?: true;
}
