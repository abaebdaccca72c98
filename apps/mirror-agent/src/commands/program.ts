import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AgentError } from '../errors.ts';
import type { CommandContext, Output } from './context.ts';

/** Each command loads only what it needs. */
const commands: Record<string, (context: CommandContext) => Promise<Command>> = {
  register: async (context) => (await import('./register.ts')).registerCommand(context),
  serve: async (context) => (await import('./serve.ts')).serveCommand(context),
  'authorized-keys': async (context) =>
    (await import('./authorized-keys.ts')).authorizedKeysCommand(context),
  receive: async (context) => (await import('./receive.ts')).receiveCommand(context),
  sync: async (context) => (await import('./sync.ts')).syncCommand(context),
  verify: async (context) => (await import('./verify.ts')).verifyCommand(context),
  status: async (context) => (await import('./status.ts')).statusCommand(context),
  show: async (context) => (await import('./show.ts')).showCommand(context),
  pause: async (context) => (await import('./operate.ts')).pauseCommand(context),
  resume: async (context) => (await import('./operate.ts')).resumeCommand(context),
  maintenance: async (context) => (await import('./maintenance.ts')).maintenanceCommand(context),
  notices: async (context) => (await import('./notices.ts')).noticesCommand(context),
  'opt-in': async (context) => (await import('./operate.ts')).optCommand(context, 'opt-in'),
  'opt-out': async (context) => (await import('./operate.ts')).optCommand(context, 'opt-out'),
  change: async (context) => (await import('./change.ts')).changeCommand(context),
  operators: async (context) => (await import('./operators.ts')).operatorsCommand(context),
  import: async (context) => (await import('./import.ts')).importCommand(context),
  export: async (context) => (await import('./export.ts')).exportCommand(context),
  doctor: async (context) => (await import('./doctor.ts')).doctorCommand(context),
  leave: async (context) => (await import('./operate.ts')).leaveCommand(context),
};

/** Run one command. @returns the exit code: 0 ok, 1 failed, 2 usage. */
export async function runCommand(
  argv: readonly string[],
  { defaultConfig, output }: { defaultConfig: string; output: Output },
): Promise<number> {
  let exitCode = 0;
  const context: CommandContext = {
    defaultConfig,
    output,
    exit: (code) => (exitCode = code),
  };
  try {
    const program = await agentProgram(context, argv[0]);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof AgentError && error.code === 'usage') {
      output.stderr(`mirror-agent: ${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

/** `mirror-agent` with the one command that is called, or with all where that is none of them. */
export async function agentProgram(context: CommandContext, called = ''): Promise<Command> {
  const { stdout, stderr } = context.output;
  const program = new Command('mirror-agent')
    .description('Keeps a mirror at its upstream’s newest release.')
    .version(version())
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed, 2 usage.\n\nTo begin:\n  mirror-agent register --master https://push.example.org --archive debian --to /srv/mirrors/debian',
    );
  const wanted = Object.hasOwn(commands, called) ? [called] : Object.keys(commands);
  for (const name of wanted) {
    const command = await commands[name]?.(context);
    if (command !== undefined) program.addCommand(command);
  }
  throwInsteadOfExit(program);
  return program;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) throwInsteadOfExit(sub);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
