#!/usr/bin/env node
import { allRead, outlastReaders } from '@pushmirror/host/output';
import { CommanderError } from 'commander';
import { EXIT } from './commands/exit.ts';
import { masterProgram } from './commands/program.ts';

const output = [process.stdout, process.stderr];
outlastReaders(output);
const program = await masterProgram(process.argv[2]);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = await end(error);
}
await allRead(output);
// What is still open (a keep-alive connection, say) must not hold a finished command.
process.exit();

async function end(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { endingOf } = await import('./commands/ending.ts');
  const { exitCode, message } = endingOf(error);
  if (message !== undefined) process.stderr.write(`${message}\n`);
  return exitCode;
}
