import { Command, Option } from 'commander';
import { z } from 'zod';
import { mirrorSchema } from '../http/routes/schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { approveCommand, inviteCommand, refuseCommand, waitingCommand } from './mirror-register.ts';
import { manageCommands } from './mirror-manage.ts';
import { treeLines } from './mirror-tree.ts';
import { mirrorSetCommand } from './mirror-set.ts';
import { mirrorVantageCommand } from './mirror-vantage.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { keyFrom, several, sshEndpoint } from './parse.ts';
import { stockFrom, withStockOptions, type StockOptions } from './stock-options.ts';

interface AddOptions extends CommonOptions, StockOptions {
  kind: 'agent' | 'ftpsync';
  ssh: { user: string; host: string; port: number };
  hostKey: string;
  pushKey?: string;
  upstream?: string;
  archive?: string[];
  httpUrl?: string;
  rsyncUrl?: string;
  country?: string;
  contact?: string;
  publicContact?: true;
}

const added = z.object({
  mirror: mirrorSchema,
  token: z.string().nullable(),
  agentConfig: z.string(),
  authorizedKeys: z.string(),
  allowedSigners: z.string(),
});

/** `mirror-master mirror add|list|show|invite|waiting|approve|refuse|pause|...` */
export function mirrorCommand(): Command {
  const command = new Command('mirror')
    .description('the mirrors and their tree')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(mirrorSetCommand())
    .addCommand(agentCommand())
    .addCommand(mirrorVantageCommand())
    .addCommand(inviteCommand())
    .addCommand(waitingCommand())
    .addCommand(approveCommand())
    .addCommand(refuseCommand());
  for (const one of manageCommands()) command.addCommand(one);
  return command;
}

function addCommand(): Command {
  const command = new Command('add')
    .description('register a mirror; prints once what its operator needs')
    .argument('<name>', 'its host name')
    .requiredOption('--ssh <user@host:port>', 'where it is pushed', sshEndpoint)
    .requiredOption('--host-key <key|file>', 'the SSH host key that it must show')
    .option('--archive <name>', 'an archive to mirror (may be repeated)', several)
    .option('--upstream <mirror>', 'the hub it pulls from; the master when left out')
    .option('--push-key <key|file>', 'of a hub: the public key it pushes with')
    .option('--rsync-url <url>', 'of a hub: where its downstreams pull, rsync://HOST')
    .option('--http-url <url>', 'where readers go')
    .option('--country <code>', 'two letters, such as DE')
    .option('--contact <text>', 'of its operators')
    .option('--public-contact', 'they agreed that everybody may see the contact')
    .addOption(
      new Option('--kind <kind>', 'ftpsync: a stock Debian mirror')
        .choices(['agent', 'ftpsync'])
        .default('agent'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master mirror add hub1.example.org --ssh mirror@hub1.example.org \\\n    --host-key hub1.pub --push-key hub1-push.pub --rsync-url rsync://hub1.example.org --archive debian',
    );
  const all = withCommonOptions(withStockOptions(command));
  return all.action(async (name: string, options: AddOptions) => {
    const { archive, pushKey, kind, ssh, upstream, httpUrl, rsyncUrl, country, contact } = options;
    if (archive === undefined) throw new UsageError('Name at least one archive with --archive.');
    const body = {
      name,
      kind,
      ssh,
      upstream,
      httpUrl,
      rsyncUrl,
      country,
      contact,
      contactPublic: options.publicContact,
      hostKey: keyFrom(options.hostKey),
      pushKey: pushKey === undefined ? undefined : keyFrom(pushKey),
      archives: archive,
      stock: stockFrom(options),
    };
    const answer = await createClient(options).post(apiPath('mirrors'), body, added);
    if (options.json === true) return sayJson(answer);
    say(`Added ${name}, tier ${answer.mirror.tier}. Give this to its operator:\n`);
    sayKit(answer);
  });
}

function agentCommand(): Command {
  const command = new Command('agent')
    .description('a stock ftpsync mirror runs the agent from now on; prints once what it needs')
    .argument('<name>', 'its name')
    .addHelpText('after', '\nExample:\n  mirror-master mirror agent ftp.example.org');
  return withCommonOptions(command).action(async (name: string, options: CommonOptions) => {
    const answer = await createClient(options).post(apiPath('mirrors', name, 'agent'), {}, added);
    if (options.json === true) return sayJson(answer);
    say(`${name} is pushed as an agent from now on. Give this to its operator:\n`);
    sayKit(answer);
  });
}

function sayKit(answer: z.infer<typeof added>): void {
  const { mirror, token } = answer;
  if (token !== null) {
    say(`--- /etc/pushmirror/token (mode 0600; it is shown only now)\n${token}\n`);
    say(`--- /etc/pushmirror/mirror-agent.toml\n${answer.agentConfig}`);
    say(`--- /etc/pushmirror/allowed_signers\n${answer.allowedSigners.trimEnd()}\n`);
  }
  say(`--- ~${mirror.ssh.user}/.ssh/authorized_keys, unless the agent's own SSH server is used`);
  say(answer.authorizedKeys.trimEnd());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list them, by tier')
    .option('--tree', 'draw who pulls from whom')
    .addHelpText('after', '\nExample:\n  mirror-master mirror list --tree');
  return withCommonOptions(command).action(async (options: CommonOptions & { tree?: boolean }) => {
    const answer = z.object({ mirrors: z.array(mirrorSchema) });
    const { mirrors } = await createClient(options).get(apiPath('mirrors'), answer);
    if (options.json === true) return sayJson({ mirrors });
    if (mirrors.length === 0) return say('No mirror yet. Add one: mirror-master mirror add --help');
    if (options.tree === true) {
      const leaves = mirrors.map(({ name, upstream, state, country }) => {
        const notes = [country, state === 'active' ? null : state].filter((note) => note !== null);
        return { name, upstream, note: notes.join(', ') };
      });
      return say(treeLines('master', leaves).join('\n'));
    }
    sayTable(
      ['tier', 'mirror', 'kind', 'state', 'pulls from', 'archives'],
      mirrors
        .toSorted((a, b) => a.tier - b.tier)
        .map(({ tier, name, kind, state, upstream, archives }) => {
          const carried = archives.map(({ archive, serial }) => `${archive} ${serial ?? 'none'}`);
          return [String(tier), name, kind, state, upstream ?? 'master', carried.join(', ')];
        }),
    );
  });
}

function showCommand(): Command {
  const command = new Command('show')
    .description('show one')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  mirror-master mirror show hub1.example.org');
  return withCommonOptions(command).action(async (name: string, options: CommonOptions) => {
    const mirror = await createClient(options).get(apiPath('mirrors', name), mirrorSchema);
    if (options.json === true) return sayJson(mirror);
    const { ssh } = mirror;
    const facts = {
      mirror: `${mirror.name} (${mirror.kind}, ${mirror.state}, tier ${mirror.tier})`,
      [mirror.state]: mirror.stateReason && `${mirror.stateReason}, since ${mirror.stateAt}`,
      'pulls from': mirror.upstream ?? 'master',
      'pushed by': mirror.sender,
      ssh: `${ssh.user}@${ssh.host}:${ssh.port}`,
      'host key': mirror.hostKey,
      'push key': mirror.pushKey,
      http: mirror.httpUrl,
      rsync: mirror.rsyncUrl,
      country: mirror.country,
      contact: mirror.contact,
      'contact is': mirror.contact && (mirror.contactPublic ? 'public' : 'not public'),
      sponsor: mirror.sponsor,
      bandwidth: mirror.bandwidth,
      addresses: mirror.addresses.length === 0 ? null : mirror.addresses.join(', '),
      added: mirror.addedAt,
    };
    for (const [what, value] of Object.entries(facts)) {
      if (value !== null) say(`${`${what}:`.padEnd(12)}${printable(value)}`);
    }
    for (const claim of mirror.archives) {
      say(`\n${claim.archive}: says it serves ${claim.serial ?? 'nothing yet'}`);
      if (claim.event === null) continue;
      const reason = claim.reason === null ? '' : `: ${printable(claim.reason)}`;
      say(`  last word: ${claim.event} ${claim.eventSerial} at ${claim.eventAt}${reason}`);
      if (claim.retryAt !== null) say(`  tries again at ${claim.retryAt}`);
    }
  });
}
