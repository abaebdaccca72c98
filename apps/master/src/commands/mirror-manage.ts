import { Command } from 'commander';
import { changeStandingSchema, doneSchema } from '../http/routes/manage-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { say, sayJson } from './output.ts';
import { keyFrom, several, sshEndpoint } from './parse.ts';

type Reasoned = CommonOptions & { reason: string };

/** `mirror-master mirror pause|resume|suspend|remove|move|opt-in|opt-out|change` */
export function manageCommands(): Command[] {
  return [
    withReason('pause', 'push nothing to it until resume'),
    resumeCommand(),
    withReason('suspend', 'push nothing to it, and let it pull nothing, until resume'),
    withReason('remove', 'take it out of the network; its downstreams go to its upstream'),
    moveCommand(),
    optCommand('opt-in', 'push an archive to it from the next release on'),
    optCommand('opt-out', 'push an archive to it no more'),
    changeCommand(),
  ];
}

function withReason(verb: 'pause' | 'suspend' | 'remove', about: string): Command {
  const command = new Command(verb)
    .description(about)
    .argument('<name>', 'the mirror')
    .requiredOption('--reason <text>', 'why; its operators see it')
    .addHelpText(
      'after',
      `\nExample:\n  mirror-master mirror ${verb} hub1.example.org --reason "..."`,
    );
  return withCommonOptions(command).action((name: string, options: Reasoned) =>
    act(options, name, verb, { reason: options.reason }),
  );
}

function resumeCommand(): Command {
  const command = new Command('resume')
    .description('push to it again')
    .argument('<name>', 'the mirror')
    .addHelpText('after', '\nExample:\n  mirror-master mirror resume hub1.example.org');
  return withCommonOptions(command).action((name: string, options: CommonOptions) =>
    act(options, name, 'resume', {}),
  );
}

function moveCommand(): Command {
  const command = new Command('move')
    .description('hang it, with all below it, under another upstream')
    .argument('<name>', 'the mirror')
    .requiredOption('--upstream <mirror>', 'a hub, or "master"')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master mirror move leaf1.example.net --upstream hub2.example.org',
    );
  return withCommonOptions(command).action(
    (name: string, options: CommonOptions & { upstream: string }) =>
      act(options, name, 'move', { upstream: options.upstream }),
  );
}

function optCommand(verb: 'opt-in' | 'opt-out', about: string): Command {
  const command = new Command(verb)
    .description(about)
    .argument('<name>', 'the mirror')
    .argument('<archive>')
    .addHelpText('after', `\nExample:\n  mirror-master mirror ${verb} hub1.example.org debian`);
  return withCommonOptions(command).action(
    (name: string, archive: string, options: CommonOptions) =>
      act(options, name, verb, { archive }),
  );
}

async function act(
  options: CommonOptions,
  name: string,
  verb: string,
  body: object,
): Promise<void> {
  const path = apiPath('mirrors', name, verb);
  const done = await createClient(options).post(path, body, doneSchema);
  if (options.json === true) return sayJson(done);
  say(done.state === 'left' ? `${done.mirror} has left.` : `${done.mirror} is ${done.state}.`);
}

interface ChangeOptions extends CommonOptions {
  ssh?: { user: string; host: string; port: number };
  hostKey?: string;
  pushKey?: string;
  httpUrl?: string;
  rsyncUrl?: string;
  country?: string;
  contact?: string;
  publicContact?: boolean;
  address?: string[];
}

function changeCommand(): Command {
  const command = new Command('change')
    .description('change what is known of it, without another proof: your word confirms it')
    .argument('<name>', 'the mirror')
    .option('--ssh <user@host:port>', 'where it is pushed', sshEndpoint)
    .option('--host-key <key|file>', 'the SSH host key that it must show')
    .option('--push-key <key|file>', 'of a hub: the public key it pushes with')
    .option('--http-url <url>', 'where readers go')
    .option('--rsync-url <url>', 'of a hub: where its downstreams pull')
    .option('--country <code>', 'two letters, such as DE')
    .option('--contact <text>', 'of its operators')
    .option('--public-contact', 'they agreed that everybody may see the contact')
    .option('--no-public-contact', 'only administrators may see it')
    .option('--address <cidr>', 'where it pulls from (may be repeated)', several)
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master mirror change hub1.example.org --host-key new-host-key.pub',
    );
  return withCommonOptions(command).action(async (name: string, options: ChangeOptions) => {
    const { ssh, httpUrl, rsyncUrl, country, contact, address } = options;
    const contactPublic = options.publicContact;
    const key = (text: string | undefined) => (text === undefined ? undefined : keyFrom(text));
    const keys = { hostKey: key(options.hostKey), pushKey: key(options.pushKey) };
    const about = { country, contact, contactPublic };
    const body = { ssh, httpUrl, rsyncUrl, ...about, addresses: address, ...keys };
    if (Object.values(body).every((value) => value === undefined)) {
      throw new UsageError('Say what to change; see mirror change --help.');
    }
    const path = apiPath('mirrors', name, 'change');
    const standing = await createClient(options).post(path, body, changeStandingSchema);
    if (options.json === true) return sayJson(standing);
    say(`${name}: changed.`);
  });
}
