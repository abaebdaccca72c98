import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { archiveSchema } from '../http/routes/schemas.ts';
import { setCommand, showCommand } from './archive-policy.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { wholeNumber } from './parse.ts';

interface AddOptions extends CommonOptions {
  profile: string;
  classic?: boolean;
  epoch?: number;
  deleteLimit?: number;
}

/** `mirror-master archive add|list|show|set` */
export function archiveCommand(): Command {
  return new Command('archive')
    .description('the archives that this master publishes')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(setCommand());
}

function addCommand(): Command {
  const command = new Command('add')
    .description('add an archive')
    .argument('<name>', 'such as "debian"; also its rsync module')
    .argument('<path>', 'its folder on this host')
    .addOption(
      new Option('--profile <name>', 'which paths are indexes, and their order')
        .choices(['debian', 'rpm', 'arch', 'alpine', 'generic'])
        .default('debian'),
    )
    .option('--classic', 'publish without a manifest')
    .option('--delete-limit <files>', 'refuse a release that drops more', wholeNumber)
    .option('--epoch <number>', 'one more than before, after a lost database', wholeNumber)
    .addHelpText('after', '\nExample:\n  mirror-master archive add debian /srv/debian');
  return withCommonOptions(command).action(
    async (name: string, path: string, options: AddOptions) => {
      const { profile, classic, epoch, deleteLimit } = options;
      const body = {
        name,
        path: resolve(path),
        profile,
        mode: classic === true ? 'classic' : 'manifest',
        epoch,
        deleteLimit,
      };
      const archive = await createClient(options).post(apiPath('archives'), body, archiveSchema);
      if (options.json === true) return sayJson(archive);
      say(`Added ${archive.name} (${printable(archive.path)}).`);
      say(`Publish it with: mirror-master publish ${archive.name}`);
    },
  );
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list them')
    .addHelpText('after', '\nExample:\n  mirror-master archive list');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const answer = z.object({ archives: z.array(archiveSchema) });
    const { archives } = await createClient(options).get(apiPath('archives'), answer);
    if (options.json === true) return sayJson({ archives });
    if (archives.length === 0) return say('No archive yet. Add one: mirror-master archive add');
    sayTable(
      ['archive', 'serial', 'profile', 'mode', 'path'],
      archives.map(({ name, serial, profile, mode, path }) => {
        return [name, String(serial ?? 'none'), profile, mode, printable(path)];
      }),
    );
  });
}
