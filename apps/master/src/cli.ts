#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { endingOf } from './commands/ending.ts';
import { EXIT } from './commands/exit.ts';
import { VERSION } from './version.ts';

const program = new Command('mirror-master')
  .description('The master of a network of mirrors: publishes releases and pushes them.')
  .version(VERSION)
  .addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 failed, 2 usage, 3 some mirrors failed.\n\nTo begin:\n  mirror-master init /etc/pushmirror --network example --name ftp.example.org',
  );

/** Only what is asked for is loaded: that is most of the time that a command takes. */
const commands: Record<string, () => Promise<Command>> = {
  init: async () => (await import('./commands/init.ts')).initCommand(),
  serve: async () => (await import('./commands/serve.ts')).serveCommand(),
  archive: async () => (await import('./commands/archive.ts')).archiveCommand(),
  mirror: async () => (await import('./commands/mirror.ts')).mirrorCommand(),
  publish: async () => (await import('./commands/publish.ts')).publishCommand(),
  rollout: async () => (await import('./commands/rollout.ts')).rolloutCommand(),
  acl: async () => (await import('./commands/acl.ts')).aclCommand(),
  key: async () => (await import('./commands/key.ts')).keyCommand(),
  token: async () => (await import('./commands/token.ts')).tokenCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  import: async () => (await import('./commands/import.ts')).importCommand(),
  export: async () => (await import('./commands/export.ts')).exportCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
};
const wanted = commands[process.argv[2] ?? ''];
for (const load of wanted === undefined ? Object.values(commands) : [wanted]) {
  program.addCommand(await load());
}
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
