import type { Command } from 'commander';
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import { deliveryWords, noticeList, subscription, subscriptionWords } from '../operate/notices.ts';
import type { OperatorDoor } from '../operate/door.ts';
import type { CommandContext } from './context.ts';
import { openDoor, operatorCommand, say, type OperatorOptions } from './operator.ts';

interface NoticeOptions extends OperatorOptions {
  mail?: string | true;
  webhook?: string;
  kind?: string;
  digest?: string;
  quiet?: string;
  zone?: string;
  confirm?: string;
  test?: string;
  remove?: string;
}

/** `mirror-agent notices` */
export function noticesCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'notices',
    'Who is told when this mirror becomes stale, fails, is quarantined or returns, or its certificate is about to expire: list them, add a mail address or a webhook, or remove one. Adding one again changes what it hears.',
    'mirror-agent notices --mail ops@example.org --quiet 22:00-07:00 --zone Europe/Berlin',
  )
    .option('--mail [address]', 'tell this address; that of the contact when left out')
    .option('--webhook <url>', 'call this URL; the secret that signs the calls is shown once')
    .option('--kind <list>', 'only these: stale,failing,quarantined,certificate')
    .option('--digest <when>', 'immediate (as it is when left out), hourly or daily')
    .option('--quiet <from-to>', 'send nothing between these times, such as 22:00-07:00')
    .option('--zone <name>', "their time zone, such as Europe/Berlin; this host's when left out")
    .option('--confirm <id:code>', 'the code that was mailed to an address')
    .option('--test <id>', 'send a test notice')
    .option('--remove <id>', 'no more notices to it')
    .action(async (options: NoticeOptions) => {
      const door = openDoor(options);
      const lines = await act(door, options);
      const list = await door.get('notices', noticeList);
      const shown = list.subscriptions.map(subscriptionWords);
      const none = 'Nobody is told. Add an address with --mail, or a URL with --webhook.';
      const told = list.deliveries.slice(0, 5).map(deliveryWords);
      say(context, options, lines.json ?? list, [
        ...lines.said,
        ...(shown.length === 0 ? [none] : shown),
        ...(told.length === 0 ? [] : ['', 'Last:', ...told]),
      ]);
    });
}

/** What was asked for beside the list; `json` takes its place with --json. */
async function act(
  door: OperatorDoor,
  options: NoticeOptions,
): Promise<{ said: string[]; json?: object }> {
  const { mail, webhook, confirm, test, remove } = options;
  if (remove !== undefined) {
    await door.delete(`notices/${encodeURIComponent(remove)}`, z.object({ id: z.string() }));
    return { said: [] };
  }
  if (test !== undefined) {
    const path = `notices/${encodeURIComponent(test)}/test`;
    await door.post(path, {}, z.object({ delivery: z.string() }));
    return { said: ['A test notice is on its way.', ''] };
  }
  if (confirm !== undefined) {
    const [id = '', code] = confirm.split(':');
    if (code === undefined) throw usage('Give --confirm ID:CODE, as the mail says it.');
    await door.post(`notices/${encodeURIComponent(id)}/confirm`, { code }, subscription);
    return { said: ['Confirmed: notices are sent there from now on.', ''] };
  }
  if (mail === undefined && webhook === undefined) return { said: [] };
  const answered = z.object({ subscription, secret: z.string().nullable() });
  const made = await door.post('notices', wantedOf(options), answered);
  if (made.secret !== null) {
    return { said: [`The secret that signs its calls: ${made.secret}`, ''], json: made };
  }
  const { state, address } = made.subscription;
  const next = 'Confirm it with --confirm ID:CODE from the mail that was sent to';
  return { said: state === 'proving' ? [`${next} ${address}.`, ''] : [], json: made };
}

function wantedOf({ mail, webhook, kind, digest, quiet, zone }: NoticeOptions): object {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(quiet ?? '') ?? [];
  if (quiet !== undefined && from === undefined) {
    throw usage('Give the quiet hours as --quiet 22:00-07:00.');
  }
  return {
    ...(mail === undefined ? {} : { mail: mail === true ? '' : mail }),
    ...(webhook === undefined ? {} : { webhook }),
    ...(kind === undefined ? {} : { kinds: kind.split(',').map((one) => one.trim()) }),
    ...(digest === undefined ? {} : { digest }),
    ...(from === undefined ? {} : { quiet: { from, to } }),
    zone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function usage(message: string): AgentError {
  return new AgentError('usage', message);
}
