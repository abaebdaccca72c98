import { Command, Option } from 'commander';
import { z } from 'zod';
import { accessText, ACTIONS, ROLES, viewText } from '../access/rule-text.ts';
import { explanationSchema, ruleSchema } from '../http/routes/access-schemas.ts';
import { accessToml } from './access-toml.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson, sayTable } from './output.ts';

interface ListOptions extends CommonOptions {
  added?: boolean;
}

interface ExplainOptions extends CommonOptions {
  mirror?: string;
  archive: string;
  view?: string;
  path?: string;
  from?: string;
  key?: string;
  role?: string;
  action: string;
}

export function listCommand(): Command {
  const command = new Command('list')
    .description('every rule in force: those that were added, and those of the registry')
    .option('--added', 'only those that were added')
    .addHelpText('after', '\nExample:\n  mirror-master acl list --added');
  return withCommonOptions(command).action(async (options: ListOptions) => {
    const answer = z.object({ rules: z.array(ruleSchema), views: z.array(viewText) });
    const all = await createClient(options).get(apiPath('acl'), answer);
    const rules = all.rules.filter(({ origin }) => options.added !== true || origin === 'added');
    if (options.json === true) return sayJson({ rules, views: all.views });
    sayTable(
      ['id', 'effect', 'action', 'who', 'what', 'from', 'when'],
      rules.map((rule) =>
        [rule.id, rule.effect, rule.action, who(rule), what(rule), from(rule), when(rule)].map(
          printable,
        ),
      ),
    );
    for (const { archive, name, paths } of all.views) {
      say(printable(`view ${name} of ${archive}: ${paths.join(' ')}`));
    }
  });
}

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('may a mirror (or anybody) do this, and by which rule?')
    .option('--mirror <name>', 'who; anybody when left out')
    .requiredOption('--archive <name>', 'what')
    .option('--view <name>', 'which view of it')
    .option('--path <path>', 'which path in it')
    .option('--from <address>', 'from where')
    .option('--key <fingerprint>', 'with which key')
    .addOption(new Option('--role <role>', 'of which role').choices(ROLES))
    .addOption(
      new Option('--action <action>', 'what is to be done').choices(ACTIONS).default('pull'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master acl explain --mirror leaf1.example.org --archive debian --from 192.0.2.7',
    );
  return withCommonOptions(command).action(async (options: ExplainOptions) => {
    const { mirror, archive, view, path, from: address, action, key, role } = options;
    const question = { mirror, archive, view, path, from: address, action, key, role };
    const client = createClient(options);
    const said = await client.post(apiPath('acl', 'explain'), question, explanationSchema);
    if (options.json === true) return sayJson(said);
    say(printable(`${said.allowed ? 'Yes' : 'No'}. ${said.reason}`));
    for (const { rule, why } of said.considered) say(printable(`  ${rule}: ${why}`));
    for (const note of said.notes) say(printable(note));
  });
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description('write the rules and views that were added, as TOML')
    .addHelpText('after', '\nExample:\n  mirror-master acl export > rules.toml');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const text = await createClient(options).get(apiPath('acl', 'export'), accessText);
    if (options.json === true) return sayJson(text);
    process.stdout.write(accessToml(text));
  });
}

type Shown = z.output<typeof ruleSchema>;

function who({ mirror, key, role, tier, network }: Shown): string {
  const parts = [mirror, key, role, tier === undefined ? undefined : `tier ${tier}`, network];
  return parts.filter((part) => part !== undefined).join(', ') || 'anybody';
}

function what({ archive, view, path }: Shown): string {
  if (archive === undefined) return 'everything';
  if (view !== undefined) return `${archive}, view ${view}`;
  return path === undefined ? archive : `${archive}, ${path}`;
}

function from({ from: ranges }: Shown): string {
  return ranges === undefined ? 'anywhere' : ranges.join(' ');
}

function when({ valid_from: begin, valid_until: end }: Shown): string {
  if (begin === undefined && end === undefined) return 'always';
  return `${begin ?? ''} - ${end ?? ''}`.trim();
}
