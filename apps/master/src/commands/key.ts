import { Argument, Command, Option } from 'commander';
import { z } from 'zod';
import {
  accountsSchema,
  announcedSchema,
  keySchema,
  rotatedSchema,
} from '../http/routes/access-schemas.ts';
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
  lead: number;
  overlap?: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** `mirror-master key list|rotate|confirm` */
export function keyCommand(): Command {
  return new Command('key')
    .description('the keys and secrets that the network goes by')
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(confirmCommand());
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
      ['kind', 'owner', 'key', 'at', 'state', 'since', 'until'],
      keys.map(({ kind, owner, id, at, state, since, until }) =>
        [kind, owner, id, at ?? '', state, since ?? '', until ?? ''].map(printable),
      ),
    );
  });
}

function rotateCommand(): Command {
  const command = new Command('rotate')
    .description('make new ones; those of before are accepted for a while')
    .addArgument(new Argument('<kind>', 'what').choices(['signing', 'push', 'rsync']))
    .option('--mirror <name>', 'of rsync: only of this mirror')
    .addOption(
      new Option('--lead <time>', 'of signing and push: how long it is announced before')
        .argParser(durationMs)
        .default(HOUR_MS, '1h'),
    )
    .option('--overlap <time>', 'how long both are accepted', durationMs)
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master key rotate signing\n  mirror-master key rotate push --lead 10m --overlap 2d\n  mirror-master key rotate rsync --mirror leaf1.example.org --overlap 1h',
    );
  return withCommonOptions(command).action(async (kind: string, options: RotateOptions) => {
    if (kind !== 'rsync') return rotateKey(kind, options);
    const overlapSeconds = Math.ceil((options.overlap ?? DAY_MS) / 1000);
    const body = { mirror: options.mirror, overlapSeconds };
    const rotated = await createClient(options).post(apiPath('keys', 'rsync'), body, rotatedSchema);
    if (options.json === true) return sayJson(rotated);
    say(
      `Made ${rotated.made} secrets. Those of before are accepted until ${rotated.acceptedUntil}.`,
    );
  });
}

async function rotateKey(kind: string, options: RotateOptions): Promise<void> {
  if (options.mirror !== undefined) throw new UsageError('--mirror is for rsync secrets.');
  const body = {
    leadSeconds: Math.ceil(options.lead / 1000),
    overlapSeconds: Math.ceil((options.overlap ?? 7 * DAY_MS) / 1000),
  };
  const said = await createClient(options).post(apiPath('keys', kind), body, announcedSchema);
  if (options.json === true) return sayJson(said);
  say(
    `Announced ${said.next}. It is used from ${said.switchAt} on; the one of before is accepted until ${said.acceptedUntil}.`,
  );
}

function confirmCommand(): Command {
  const command = new Command('confirm')
    .description('say that a host key that is held is the real one')
    .argument('<mirror>', 'whose it is')
    .argument('<fingerprint>', 'as its operator told you, such as SHA256:...')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master key confirm leaf1.example.org SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDuMH9KPeSaVAdTZj0',
    );
  return withCommonOptions(command).action(
    async (mirror: string, fingerprint: string, options: CommonOptions) => {
      const path = apiPath('mirrors', mirror, 'confirm-key');
      const answer = z.object({ kind: z.string() });
      const said = await createClient(options).post(path, { fingerprint }, answer);
      if (options.json === true) return sayJson(said);
      say(printable(`${fingerprint} is pinned for ${mirror} now.`));
    },
  );
}
