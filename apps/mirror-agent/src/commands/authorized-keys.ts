import { resolve } from 'node:path';
import { renderAuthorizedKey } from '@pushmirror/acl';
import type { Command } from 'commander';
import { sourcesOnDisk } from '../access/local.ts';
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
      const settings = loadSettings(config);
      const sources = await sourcesOnDisk(settings, statePaths(settings.config.state));
      const lines = sources.peers().map(({ name, key }) => {
        const command = [options.program, 'receive', '--config', config, '--peer', name];
        return { peer: name, line: renderAuthorizedKey({ command, key, comment: name }) };
      });
      const { stdout } = context.output;
      if (options.json === true) stdout(`${JSON.stringify({ lines })}\n`);
      else for (const { line } of lines) stdout(`${line}\n`);
    });
}
