#!/usr/bin/env node
import { CommanderError } from 'commander';
import { endingOf } from './commands/ending.ts';
import { EXIT } from './commands/exit.ts';
import { masterProgram } from './commands/program.ts';

const program = await masterProgram(process.argv[2]);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = end(error);
}
// What is still open (a keep-alive connection, say) must not hold a finished command.
process.exit();

function end(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { exitCode, message } = endingOf(error);
  if (message !== undefined) process.stderr.write(`${message}\n`);
  return exitCode;
}
