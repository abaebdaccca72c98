#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { aclCommand } from './commands/acl.ts';
import { archiveCommand } from './commands/archive.ts';
import { auditCommand } from './commands/audit.ts';
import { endingOf } from './commands/ending.ts';
import { EXIT } from './commands/exit.ts';
import { initCommand } from './commands/init.ts';
import { keyCommand } from './commands/key.ts';
import { mirrorCommand } from './commands/mirror.ts';
import { publishCommand } from './commands/publish.ts';
import { rolloutCommand } from './commands/rollout.ts';
import { serveCommand } from './commands/serve.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCommand } from './commands/token.ts';
import { VERSION } from './version.ts';

const program = new Command('mirror-master')
  .description('The master of a network of mirrors: publishes releases and pushes them.')
  .version(VERSION)
  .addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 failed, 2 usage, 3 some mirrors failed.\n\nTo begin:\n  mirror-master init /etc/pushmirror --network example --name ftp.example.org',
  );

const commands = [
  initCommand(),
  serveCommand(),
  archiveCommand(),
  mirrorCommand(),
  publishCommand(),
  rolloutCommand(),
  aclCommand(),
  keyCommand(),
  tokenCommand(),
  auditCommand(),
  statusCommand(),
];
for (const command of commands) program.addCommand(command);
throwInsteadOfExit(program);

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

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) throwInsteadOfExit(sub);
}
