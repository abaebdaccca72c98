import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';

const HERE = 'master.toml';
const INSTALLED = '/etc/pushmirror/master.toml';

export interface CommonOptions {
  config?: string;
  json?: boolean;
}

/** The two options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-c, --config <file>', `the master's settings (./${HERE}, else ${INSTALLED})`),
    )
    .addOption(new Option('--json', 'one JSON object on stdout'));
}

/** The settings file that a command means. */
export function configPath(options: CommonOptions): string {
  if (options.config !== undefined) return resolve(options.config);
  return existsSync(HERE) ? resolve(HERE) : INSTALLED;
}
