import { Command, Option } from 'commander';
import { z } from 'zod';
import {
  noticeListSchema,
  subscribedSchema,
  subscriptionSchema,
} from '../http/routes/notice-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { outboxCommand, retryCommand } from './notice-outbox.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { several } from './parse.ts';

/** `mirror-master notice list|add|confirm|remove|test|outbox|retry` */
export function noticeCommand(): Command {
  return new Command('notice')
    .description('who is told what happens to mirrors and rollouts, by mail or webhook')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(confirmCommand())
    .addCommand(removeCommand())
    .addCommand(testCommand())
    .addCommand(outboxCommand())
    .addCommand(retryCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('everybody who is told, and of what')
    .addHelpText('after', '\nExample:\n  mirror-master notice list');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const list = await createClient(options).get(apiPath('notices'), noticeListSchema);
    if (options.json === true) return sayJson({ subscriptions: list.subscriptions });
    sayTable(
      ['id', 'of', 'to', 'kinds', 'when', 'state'],
      list.subscriptions.map((one) => [
        one.id,
        one.scope === 'network' ? 'the network' : `${one.scope} ${one.subject}`,
        printable(one.address),
        one.kinds.join(' '),
        whenOf(one),
        one.stateReason === null ? one.state : `${one.state}: ${printable(one.stateReason)}`,
      ]),
    );
  });
}

interface AddOptions extends CommonOptions {
  mirror?: string;
  archive?: string;
  mail?: string | true;
  webhook?: string;
  kind?: string[];
  digest: string;
  quiet?: string;
  zone: string;
}

function addCommand(): Command {
  const command = new Command('add')
    .description(
      'tell somebody; of a mirror, of the rollouts of an archive, or of the whole network. One that is told already hears from now on what is said here',
    )
    .option('--mirror <name>', 'of this mirror')
    .option('--archive <name>', 'of the rollouts of this archive')
    .option('--mail [address]', "a mail address; of a mirror, its contact's when left out")
    .option('--webhook <url>', 'a URL; the secret that signs the calls is shown once')
    .option(
      '--kind <list>',
      'only these: stale,failing,quarantined,certificate, and of rollouts held,ended',
      several,
    )
    .addOption(
      new Option('--digest <when>', 'how often')
        .choices(['immediate', 'hourly', 'daily'])
        .default('immediate'),
    )
    .option('--quiet <from-to>', 'send nothing between these times, such as 22:00-07:00')
    .option('--zone <name>', 'their time zone, such as Europe/Berlin', 'UTC')
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master notice add --archive debian --mail releases@example.org\n  mirror-master notice add --mirror hub1.example.org --mail\n  mirror-master notice add --webhook https://chat.example.org/hooks/mirrors --kind quarantined,held',
    );
  return withCommonOptions(command).action(async (options: AddOptions) => {
    const { mirror, archive, mail, webhook, kind: kinds, digest, zone } = options;
    const to = { mail: mail === true ? '' : mail, webhook, kinds };
    const body = { mirror, archive, ...to, digest, zone, quiet: quietOf(options.quiet) };
    const made = await createClient(options).post(apiPath('notices'), body, subscribedSchema);
    if (options.json === true) return sayJson(made);
    const { id, address, state } = made.subscription;
    say(`${id}: ${printable(address)} is told${state === 'proving' ? ' once confirmed' : ''}.`);
    if (made.secret !== null) say(`The secret that signs the calls: ${made.secret}`);
  });
}

function confirmCommand(): Command {
  const command = new Command('confirm')
    .description('confirm a mail address with the code that was sent to it')
    .argument('<id>', 'of the subscription')
    .argument('<code>')
    .addHelpText('after', '\nExample:\n  mirror-master notice confirm 1a2b3c4d ABCD2345');
  return withCommonOptions(command).action(
    async (id: string, code: string, options: CommonOptions) => {
      const path = apiPath('notices', id, 'confirm');
      const done = await createClient(options).post(path, { code }, subscriptionSchema);
      if (options.json === true) return sayJson(done);
      say(`${printable(done.address)} is told from now on.`);
    },
  );
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('tell somebody no more; what waits is dropped')
    .argument('<id>', 'of the subscription')
    .addHelpText('after', '\nExample:\n  mirror-master notice remove 1a2b3c4d');
  return withCommonOptions(command).action(async (id: string, options: CommonOptions) => {
    const removed = z.object({ id: z.string() });
    const done = await createClient(options).delete(apiPath('notices', id), removed);
    if (options.json === true) return sayJson(done);
    say(`Removed ${done.id}.`);
  });
}

function testCommand(): Command {
  const command = new Command('test')
    .description('send a test notice; notice outbox says what became of it')
    .argument('<id>', 'of the subscription')
    .addHelpText('after', '\nExample:\n  mirror-master notice test 1a2b3c4d');
  return withCommonOptions(command).action(async (id: string, options: CommonOptions) => {
    const path = apiPath('notices', id, 'test');
    const queued = z.object({ delivery: z.string() });
    const done = await createClient(options).post(path, {}, queued);
    if (options.json === true) return sayJson(done);
    say(`It is on its way: ${done.delivery}. See: mirror-master notice outbox`);
  });
}

function whenOf({ digest, quiet, zone }: z.output<typeof subscriptionSchema>): string {
  return quiet === null ? digest : `${digest}, not ${quiet.from}-${quiet.to} ${zone}`;
}

function quietOf(text: string | undefined): { from: string; to: string } | undefined {
  if (text === undefined) return undefined;
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return { from, to };
  throw new UsageError('Give the quiet hours as --quiet 22:00-07:00.');
}
