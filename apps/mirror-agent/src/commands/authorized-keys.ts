import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parsePublicKey, renderAuthorizedKey, type PublicKey } from '@pushmirror/acl';
import type { Command } from 'commander';
import { sourcesOnDisk } from '../access/local.ts';
import { readPending } from '../register/pending.ts';
import { placesIn } from '../register/places.ts';
import { loadSettings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

/** `mirror-agent authorized-keys` */
export function authorizedKeysCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'authorized-keys',
    'The lines with which the system’s sshd lets in whoever may push this mirror now, for triggers only.',
    [
      'In sshd_config, so that they change with the tree:',
      'Match User mirror',
      '  AuthorizedKeysCommand /usr/bin/mirror-agent authorized-keys --config FILE',
      '  AuthorizedKeysCommandUser mirror',
    ].join('\n'),
  )
    .option('--program <file>', 'the agent’s program', '/usr/bin/mirror-agent')
    .action(async (options: CommonOptions & { program: string }) => {
      const config = resolve(options.config);
      const lines = (await peersOf(config)).map(({ name, key }) => {
        const command = [options.program, 'receive', '--config', config, '--peer', name];
        return { peer: name, line: renderAuthorizedKey({ command, key, comment: name }) };
      });
      const { stdout } = context.output;
      if (options.json === true) stdout(`${JSON.stringify({ lines })}\n`);
      else for (const { line } of lines) stdout(`${line}\n`);
    });
}

/** Who may push; while a registration is under way, the master that looks whether it may. */
async function peersOf(config: string): Promise<readonly { name: string; key: PublicKey }[]> {
  if (!existsSync(config)) {
    const { pending } = placesIn(dirname(config), config, undefined);
    const masterKey = (await readPending(pending))?.masterKey;
    if (masterKey !== undefined) return [{ name: 'master', key: parsePublicKey(masterKey) }];
  }
  const settings = loadSettings(config);
  return (await sourcesOnDisk(settings, statePaths(settings.config.state))).peers();
}
