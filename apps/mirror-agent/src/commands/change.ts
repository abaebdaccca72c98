import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { AgentError } from '../errors.ts';
import { changeDetails } from '../operate/change.ts';
import { sshEndpoint } from '../register/endpoint.ts';
import { readPublicKey } from '../register/keys.ts';
import { printable } from '../register/printable.ts';
import { loadSettings } from '../settings.ts';
import type { CommandContext } from './context.ts';
import {
  openDoor,
  operatorCommand,
  say,
  untilInterrupted,
  type OperatorOptions,
} from './operator.ts';
import { milliseconds } from './time.ts';

const EVERY_MS = 3_000;

interface ChangeOptions extends OperatorOptions {
  url?: string;
  ssh?: string;
  hostKey?: string;
  pushKey?: string;
  rsyncUrl?: string;
  country?: string;
  contact?: string;
  publicContact?: boolean;
  sponsor?: string;
  bandwidth?: string;
  address?: string[];
  wait: number;
}

/** `mirror-agent change` */
export function changeCommand(context: CommandContext): Command {
  const several = (text: string, before: string[] = []) => [...before, ...text.split(',')];
  return operatorCommand(
    context,
    'change',
    'Change what the master knows of this mirror. URL, SSH endpoint and host key are proven again.',
    'mirror-agent change --url https://new.example.org/debian/ --contact "New team <new@example.org>"',
  )
    .option('--url <url>', 'where readers find the first archive')
    .option('--ssh <user@host:port>', 'where the master pushes it')
    .option('--host-key <file>', 'the public host key that it shows there')
    .option('--push-key <file>', 'of a hub: the public key that it pushes with')
    .option('--rsync-url <url>', 'of a hub: where others pull')
    .option('--country <code>', 'two letters, such as DE')
    .option('--contact <text>', 'whom to write to')
    .option('--public-contact', 'everybody may see the contact, on the public page')
    .option('--no-public-contact', 'only administrators may see it')
    .option('--sponsor <text>', 'who pays for it')
    .option('--bandwidth <text>', 'such as 10Gb')
    .option('--address <cidr>', 'where it pulls from (may be repeated)', several)
    .addOption(
      new Option('--wait <time>', 'how long to wait for the proof')
        .argParser(milliseconds)
        .default(120_000, '2m'),
    )
    .action(async (options: ChangeOptions) => {
      const { url: httpUrl, rsyncUrl, country, contact, sponsor, bandwidth, address } = options;
      const file = async (path: string | undefined) =>
        path === undefined ? undefined : readPublicKey(path);
      const wanted = {
        httpUrl,
        rsyncUrl,
        country,
        contact,
        contactPublic: options.publicContact,
        sponsor,
        bandwidth,
        addresses: address,
        ssh: options.ssh === undefined ? undefined : sshEndpoint(options.ssh, 22),
        hostKey: await file(options.hostKey),
        pushKey: await file(options.pushKey),
      };
      if (Object.values(wanted).every((value) => value === undefined)) {
        throw new AgentError('usage', 'Say what to change; see mirror-agent change --help.');
      }
      const { config } = loadSettings(resolve(options.config));
      const signal = untilInterrupted();
      const changed = await changeDetails({
        door: openDoor(options, signal),
        change: wanted,
        folder: config.archive[0]?.to ?? '/',
        waitMs: options.wait,
        everyMs: EVERY_MS,
        now: () => new Date(),
        signal,
        say: (text) => context.output.stderr(`${text.split('\n').map(printable).join('\n')}\n`),
      });
      const words = changed ? 'Changed.' : 'The time is up, and nothing was changed. Try again.';
      say(context, options, { mirror: config.name, changed }, [words]);
      context.exit(changed ? 0 : 1);
    });
}
