import type { Command } from 'commander';
import { fromEnvironment, receiveForced } from '../front-door/forced-command.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

/** `mirror-agent receive`. cli.ts takes its usual form without coming by here, to start fast. */
export function receiveCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'receive',
    'Take one trigger, as the forced command of the system’s sshd. Its answer is always JSON.',
    [
      'In authorized_keys, one line for each upstream:',
      'restrict,command="mirror-agent receive --config FILE --peer hub1" ssh-ed25519 AAAA... hub1',
    ].join('\n'),
  )
    .requiredOption('--peer <name>', 'the peer of the configuration that the key belongs to')
    .action(async ({ config, peer }: CommonOptions & { peer: string }) => {
      const { line, exitCode } = await receiveForced({ config, peer, ...fromEnvironment() });
      context.output.stdout(line);
      context.exit(exitCode);
    });
}
