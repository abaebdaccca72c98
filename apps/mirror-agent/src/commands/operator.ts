import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openOperatorDoor, type OperatorDoor } from '../operate/door.ts';
import { printable } from '../register/printable.ts';
import { loadSettings } from '../settings.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

/** What the commands share with which operators manage the mirror of this configuration. */
export interface OperatorOptions extends CommonOptions {
  tokenFile?: string;
}

export function operatorCommand(
  context: CommandContext,
  name: string,
  about: string,
  example: string,
): Command {
  return newCommand(context, name, about, example).option(
    '--token-file <file>',
    "an operator's token; operator_token beside the configuration when left out",
  );
}

/** The master, with the operator's token. */
export function openDoor(options: OperatorOptions, signal = untilInterrupted()): OperatorDoor {
  const config = resolve(options.config);
  return openOperatorDoor(
    loadSettings(config).config,
    { config, tokenFile: options.tokenFile },
    signal,
  );
}

/** The value as JSON when that was asked for, else the lines. */
export function say(
  context: CommandContext,
  options: CommonOptions,
  value: object,
  lines: readonly string[],
): void {
  const text = options.json === true ? JSON.stringify(value) : lines.map(printable).join('\n');
  context.output.stdout(`${text}\n`);
}

export function untilInterrupted(): AbortSignal {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  return stopping.signal;
}
