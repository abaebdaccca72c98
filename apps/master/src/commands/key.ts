import { Argument, Command } from 'commander';
import { z } from 'zod';
import { accountsSchema, keySchema, rotatedSchema } from '../http/routes/access-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { durationMs } from './parse.ts';

interface ListOptions extends CommonOptions {
  mirror?: string;
  secrets?: boolean;
}

interface RotateOptions extends CommonOptions {
  mirror?: string;
  overlap: number;
}

const DAY_MS = 86_400_000;

/** `mirror-master key list|rotate` */
export function keyCommand(): Command {
  return new Command('key')
    .description('the keys and secrets that the network goes by')
    .addCommand(listCommand())
    .addCommand(rotateCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list them by their fingerprints; an rsync secret by its user')
    .option('--mirror <name>', "only this mirror's")
    .option('--secrets', 'with --mirror: its rsync users and secrets, for a stock mirror')
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master key list\n  mirror-master key list --mirror stock.example.org --secrets',
    );
  return withCommonOptions(command).action(async (options: ListOptions) => {
    const { mirror, secrets, json } = options;
    const client = createClient(options);
    if (secrets === true) {
      if (mirror === undefined) throw new UsageError('--secrets needs --mirror.');
      const path = apiPath('mirrors', mirror, 'rsync-accounts');
      const { accounts } = await client.get(path, accountsSchema);
      if (json === true) return sayJson({ accounts });
      const rows = accounts.map(({ url, user, secret }) => [url, user, secret].map(printable));
      return sayTable(['url', 'user', 'secret'], rows);
    }
    const all = await client.get(apiPath('keys'), z.object({ keys: z.array(keySchema) }));
    const keys = all.keys.filter(({ owner }) => (mirror ?? owner) === owner);
    if (json === true) return sayJson({ keys });
    sayTable(
      ['kind', 'owner', 'key', 'at', 'since', 'until'],
      keys.map(({ kind, owner, id, at, since, until }) =>
        [kind, owner, id, at ?? '', since ?? '', until ?? ''].map(printable),
      ),
    );
  });
}

function rotateCommand(): Command {
  const command = new Command('rotate')
    .description('make new ones; those of before are accepted for a while')
    .addArgument(new Argument('<kind>', 'what').choices(['rsync']))
    .option('--mirror <name>', 'only of this mirror')
    .option('--overlap <time>', 'how long both are accepted', durationMs, DAY_MS)
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master key rotate rsync --mirror leaf1.example.org --overlap 1h',
    );
  return withCommonOptions(command).action(async (_: string, options: RotateOptions) => {
    const overlapSeconds = Math.ceil(options.overlap / 1000);
    const body = { mirror: options.mirror, overlapSeconds };
    const rotated = await createClient(options).post(apiPath('keys', 'rsync'), body, rotatedSchema);
    if (options.json === true) return sayJson(rotated);
    say(
      `Made ${rotated.made} secrets. Those of before are accepted until ${rotated.acceptedUntil}.`,
    );
  });
}
