import { Command, Option } from 'commander';
import { deliverySchema, outboxSchema } from '../http/routes/notice-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { wholeNumber } from './parse.ts';

interface OutboxOptions extends CommonOptions {
  state?: string;
  limit: number;
}

/** `mirror-master notice outbox` */
export function outboxCommand(): Command {
  const command = new Command('outbox')
    .description('what was told, what waits, and what did not arrive, the newest first')
    .addOption(
      new Option('--state <state>', 'only these').choices(['waiting', 'sent', 'failed', 'dropped']),
    )
    .option('--limit <number>', 'at most so many', wholeNumber, 50)
    .addHelpText('after', '\nExample:\n  mirror-master notice outbox --state failed');
  return withCommonOptions(command).action(async (options: OutboxOptions) => {
    const { state, limit } = options;
    const query = new URLSearchParams({ limit: String(limit) });
    if (state !== undefined) query.set('state', state);
    const path = `${apiPath('notices', 'outbox')}?${query.toString()}`;
    const outbox = await createClient(options).get(path, outboxSchema);
    if (options.json === true) return sayJson(outbox);
    sayTable(
      ['delivery', 'to', 'when', 'state', 'tries', 'what'],
      outbox.deliveries.map((one) => [
        one.id,
        one.subscription,
        one.endedAt ?? `due ${one.dueAt}`,
        one.state,
        String(one.attempts),
        printable(one.error === null ? one.title : `${one.title} (${one.error})`),
      ]),
    );
  });
}

/** `mirror-master notice retry` */
export function retryCommand(): Command {
  const command = new Command('retry')
    .description('send one again at once that waits or did not arrive')
    .argument('<delivery>', 'as notice outbox shows it')
    .addHelpText('after', '\nExample:\n  mirror-master notice retry dlv_0a1b2c3d');
  return withCommonOptions(command).action(async (id: string, options: CommonOptions) => {
    const path = apiPath('notices', 'outbox', id, 'retry');
    const done = await createClient(options).post(path, {}, deliverySchema);
    if (options.json === true) return sayJson(done);
    say(`${done.id} is tried again.`);
  });
}
