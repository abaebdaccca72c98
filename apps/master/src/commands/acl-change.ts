import { loadConfig } from '@pushmirror/config';
import { Command, Option } from 'commander';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { accessText, ACTIONS, ROLES } from '../access/rule-text.ts';
import { accessChangedSchema } from '../http/routes/access-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { several, wholeNumber } from './parse.ts';

interface ChangeOptions extends CommonOptions {
  dryRun?: boolean;
}

interface AddOptions extends ChangeOptions {
  deny?: boolean;
  action: string;
  mirror?: string;
  key?: string;
  network?: string;
  role?: string;
  tier?: number;
  archive?: string;
  view?: string;
  path?: string;
  from?: string[];
  validFrom?: string;
  validUntil?: string;
  note?: string;
}

export function addCommand(): Command {
  const command = new Command('add')
    .description('add a rule; what is left out holds for everything')
    .argument('<id>', 'its name')
    .option('--deny', 'deny instead of allow')
    .addOption(new Option('--action <action>', 'what it is about').choices(ACTIONS).default('pull'))
    .option('--mirror <name>', 'only this mirror')
    .option('--key <fingerprint>', 'only with this key, SHA256:...')
    .addOption(new Option('--role <role>', 'only these').choices(ROLES))
    .option('--tier <number>', 'only mirrors of this tier', wholeNumber)
    .option('--network <name>', 'only mirrors of this network')
    .option('--archive <name>', 'only this archive')
    .option('--view <name>', 'only this view of it')
    .option('--path <pattern>', 'only these paths of it, such as "dists/embargo"')
    .option('--from <range>', 'only from these addresses (may be repeated)', several)
    .option('--valid-from <time>', 'not before, such as 2026-12-01T00:00:00Z')
    .option('--valid-until <time>', 'not from then on')
    .option('--note <text>', 'why')
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master acl add debian-restricted --deny --archive debian --dry-run\n  mirror-master acl add no-leaf1 --deny --mirror leaf1.example.org',
    );
  return withDryRun(command).action(async (id: string, options: AddOptions) => {
    const { action, mirror, key, network, role, tier, archive, view, path, from, note } = options;
    const rule = {
      id,
      effect: options.deny === true ? 'deny' : 'allow',
      valid_from: options.validFrom,
      valid_until: options.validUntil,
      action,
      mirror,
      key,
      network,
      role,
      tier,
      archive,
      view,
      path,
      from,
      note,
    };
    await change(options, apiPath('acl', 'rules'), rule);
  });
}

export function removeCommand(): Command {
  const command = new Command('remove')
    .description('remove a rule that was added')
    .argument('<id>', 'its name')
    .addHelpText('after', '\nExample:\n  mirror-master acl remove no-leaf1 --dry-run');
  return withDryRun(command).action((id: string, options: ChangeOptions) =>
    change(options, apiPath('acl', 'rules', id)),
  );
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('put the rules and views of a file in the place of those there are')
    .argument('<file>', 'TOML, as acl export writes it')
    .addHelpText('after', '\nExample:\n  mirror-master acl import rules.toml --dry-run');
  return withDryRun(command).action((file: string, options: ChangeOptions) =>
    change(options, apiPath('acl', 'import'), loadConfig(resolve(file), accessText)),
  );
}

function withDryRun(command: Command): Command {
  return withCommonOptions(command.option('--dry-run', 'only say who would gain and lose what'));
}

/** With a body it is sent, without one what the path names is removed. */
async function change(options: ChangeOptions, path: string, body?: object): Promise<void> {
  const client = createClient(options);
  const to = `${path}?dryRun=${options.dryRun === true}`;
  const result = await (body === undefined
    ? client.delete(to, accessChangedSchema)
    : client.post(to, body, accessChangedSchema));
  if (options.json === true) return sayJson(result);
  showEffects(result);
}

function showEffects({ dryRun, effects, notes }: z.output<typeof accessChangedSchema>): void {
  say(dryRun ? 'Nothing was changed. It would:' : 'Done. It changed:');
  if (effects.length === 0) say('  nobody gains or loses anything.');
  else {
    sayTable(
      ['who', 'may', 'what', 'gains', 'loses'],
      effects.map(({ mirror, role, action, archive, view, gains, loses }) => {
        const what = view === null ? archive : `${archive}, view ${view}`;
        return [mirror ?? role ?? 'anybody', action, what, inWords(gains), inWords(loses)].map(
          printable,
        );
      }),
    );
  }
  for (const note of notes) say(printable(note));
}

function inWords(ranges: readonly string[]): string {
  if (ranges.length === 0) return '-';
  const all = ['0.0.0.0/0', '::/0'].every((range) => ranges.includes(range));
  return all || ranges[0] === 'all' ? 'everywhere' : ranges.join(' ');
}
