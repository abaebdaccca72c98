import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { AgentError } from '../errors.ts';
import { completeAnswers, type RegisterFlags } from '../register/answers.ts';
import { askOnTerminal } from '../register/ask.ts';
import { createMasterDoor } from '../register/master-door.ts';
import { printable } from '../register/printable.ts';
import { placesIn } from '../register/places.ts';
import { register } from '../register/register.ts';
import { loadSettings } from '../settings.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';
import { milliseconds } from './time.ts';

interface Options extends CommonOptions, RegisterFlags {
  master: string;
  state?: string;
  wait: number;
  replace?: true;
}

const EVERY_MS = 3_000;

/** `mirror-agent register`: from nothing to a configuration that works. */
export function registerCommand(context: CommandContext): Command {
  const several = (text: string, before: string[] = []) => [...before, ...text.split(',')];
  return newCommand(
    context,
    'register',
    'Register this mirror at a master, and set the agent up. What is not given is asked for.',
    'mirror-agent register --master https://push.example.org --archive debian --to /srv/mirror/debian \\\n  --url https://mirror.example.org/debian/ --contact "Mirror team <mirror@example.org>"',
  )
    .requiredOption('--master <url>', 'the master of the network')
    .option('--name <host>', "this mirror's host name")
    .option('--archive <name>', 'an archive to mirror (may be repeated)', several)
    .option('--to <dir>', 'its folder; of several archives, the folder above')
    .option('--url <url>', 'where readers find the first archive: proves that the mirror is yours')
    .option('--ssh <user@host:port>', 'where the master pushes it; its name and port 2222')
    .option('--ssh-listen <address:port>', "where the agent's own SSH server listens")
    .option('--sshd', "take triggers by the system's sshd instead")
    .option('--host-key <file>', "with --sshd: the sshd's public host key")
    .option('--hub', 'serve other mirrors: an rsync daemon, and a key to push them')
    .option('--rsync-url <url>', 'of a hub: where they pull')
    .option('--rsync-listen <address:port>', 'of a hub: where its rsync daemon listens')
    .option('--invite <token>', 'an invitation')
    .option('--country <code>', 'two letters, such as DE')
    .option('--contact <text>', 'whom to write to')
    .option('--public-contact', 'everybody may see the contact, on the public page')
    .option('--sponsor <text>', 'who pays for it')
    .option('--bandwidth <text>', 'such as 10Gb')
    .option('--address <cidr>', 'where it pulls from (may be repeated)', several)
    .option('--upstream <mirror>', 'the upstream you would like')
    .option(
      '--state <dir>',
      "the agent's state; /var/lib/pushmirror, or beside a configuration that is not in /etc/pushmirror",
    )
    .addOption(
      new Option('--wait <time>', 'how long to wait for the proof and for approval')
        .argParser(milliseconds)
        .default(600_000, '10m'),
    )
    .option('--replace', 'write the configuration anew, such as after a lost disk')
    .action(async (options: Options) => {
      const started = performance.now();
      const say = (text: string) =>
        context.output.stderr(`${text.split('\n').map(printable).join('\n')}\n`);
      const config = resolve(options.config);
      if (existsSync(config) && options.replace !== true) {
        throw new AgentError(
          'usage',
          `${config} is there already. To register anew, add --replace.`,
        );
      }
      const stopping = new AbortController();
      process.once('SIGINT', () => stopping.abort());
      process.once('SIGTERM', () => stopping.abort());
      const door = createMasterDoor(options.master, stopping.signal);
      const network = await door.network();
      const answers = await completeAnswers(options, network, askOnTerminal());
      const state = options.state === undefined ? undefined : resolve(options.state);
      const places = placesIn(dirname(config), config, state);
      const result = await register({
        master: options.master,
        door,
        network,
        answers,
        places,
        waitMs: options.wait,
        everyMs: EVERY_MS,
        now: () => new Date(),
        signal: stopping.signal,
        say,
      });
      if (result === 'approved') loadSettings(config); // It must work before anybody is told so.
      else say('The time is up. Call the same again to go on.');
      if (options.json === true) {
        const seconds = Math.round(performance.now() - started) / 1000;
        const answer = { mirror: answers.name, state: result, config, seconds };
        context.output.stdout(`${JSON.stringify(answer)}\n`);
      } else if (result === 'approved') {
        context.output.stdout(
          `${answers.name} is set up. Start it: mirror-agent serve --config ${config}\n`,
        );
      }
      context.exit(result === 'approved' ? 0 : 1);
    });
}
