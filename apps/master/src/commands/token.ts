import { Command, Option } from 'commander';
import { z } from 'zod';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { say, sayJson } from './output.ts';

interface CreateOptions extends CommonOptions {
  role: string;
  label: string;
  mirror?: string;
}

/** `mirror-master token create|revoke` */
export function tokenCommand(): Command {
  return new Command('token')
    .description('tokens for people, programs and agents')
    .addCommand(createCommand())
    .addCommand(revokeCommand());
}

function createCommand(): Command {
  const command = new Command('create')
    .description('make one; it is shown once')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['admin', 'release-manager', 'operator', 'agent'])
        .makeOptionMandatory(),
    )
    .requiredOption('--label <text>', 'what it is for')
    .option('--mirror <name>', 'of an agent or operator: for which mirror')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master token create --role release-manager --label "dak on ftp-master"',
    );
  return withCommonOptions(command).action(async (options: CreateOptions) => {
    const { role, label, mirror } = options;
    const answer = z.object({ id: z.string(), token: z.string() });
    const made = await createClient(options).post(
      apiPath('tokens'),
      { role, label, mirror },
      answer,
    );
    if (options.json === true) return sayJson(made);
    say(made.token);
  });
}

function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('refuse it from now on')
    .argument('<id>', 'its middle part: pmt_ID_...')
    .addHelpText('after', '\nExample:\n  mirror-master token revoke 0a1b2c3d4e5f');
  return withCommonOptions(command).action(async (id: string, options: CommonOptions) => {
    const answer = z.object({ id: z.string(), revoked: z.boolean() });
    const ended = await createClient(options).delete(apiPath('tokens', id), answer);
    if (options.json === true) return sayJson(ended);
    say(ended.revoked ? `Revoked ${id}.` : `${id} was revoked before.`);
  });
}
