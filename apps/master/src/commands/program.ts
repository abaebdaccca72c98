import { Command } from 'commander';
import { VERSION } from '../version.ts';

/** Only what is asked for is loaded: that is most of the time that a command takes. */
const commands: Record<string, () => Promise<Command>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  archive: async () => (await import('./archive.ts')).archiveCommand(),
  mirror: async () => (await import('./mirror.ts')).mirrorCommand(),
  publish: async () => (await import('./publish.ts')).publishCommand(),
  rollout: async () => (await import('./rollout.ts')).rolloutCommand(),
  acl: async () => (await import('./acl.ts')).aclCommand(),
  key: async () => (await import('./key.ts')).keyCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  notice: async () => (await import('./notice.ts')).noticeCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  import: async () => (await import('./import.ts')).importCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
};

/** `mirror-master` with the one command that is called, or with all where that is none of them. */
export async function masterProgram(called = ''): Promise<Command> {
  const program = new Command('mirror-master')
    .description('The master of a network of mirrors: publishes releases and pushes them.')
    .version(VERSION)
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed, 2 usage, 3 some mirrors failed.\n\nTo begin:\n  mirror-master init /etc/pushmirror --network example --name ftp.example.org',
    );
  const wanted = Object.hasOwn(commands, called) ? [called] : Object.keys(commands);
  for (const name of wanted) {
    const command = await commands[name]?.();
    if (command !== undefined) program.addCommand(command);
  }
  throwInsteadOfExit(program);
  return program;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) throwInsteadOfExit(sub);
}
