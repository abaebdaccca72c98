import { Command, InvalidArgumentError, Option } from 'commander';
import { mirrorSettingsSchema } from '../http/routes/mirror-settings.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { say, sayJson } from './output.ts';
import { stockFrom, withStockOptions, type StockOptions } from './stock-options.ts';

interface SetOptions extends CommonOptions, StockOptions {
  slots?: number | null;
  standing?: 'on' | 'off';
}

/** `mirror-master mirror set` */
export function mirrorSetCommand(): Command {
  const command = new Command('set')
    .description('change how a mirror is treated')
    .argument('<name>', 'its name')
    .option(
      '--slots <number>',
      'how many of its downstreams may pull from it at once; "default" is what its tier has',
      slots,
    )
    .addOption(
      new Option('--standing <on|off>', 'keep a connection to it open between pushes').choices([
        'on',
        'off',
      ]),
    )
    .addHelpText('after', '\nExample:\n  mirror-master mirror set hub1.example.org --slots 8');
  const all = withCommonOptions(withStockOptions(command));
  return all.action(async (name: string, options: SetOptions) => {
    const { slots: wanted, standing } = options;
    const stock = stockFrom(options);
    if (wanted === undefined && standing === undefined && stock === undefined) {
      throw new UsageError('Say what to set, such as with --slots or --standing.');
    }
    const body = {
      ...(wanted === undefined ? {} : { slots: wanted }),
      ...(standing === undefined ? {} : { standing: standing === 'on' }),
      ...(stock === undefined ? {} : { stock }),
    };
    const path = apiPath('mirrors', name, 'settings');
    const answer = await createClient(options).post(path, body, mirrorSettingsSchema);
    if (options.json === true) return sayJson(answer);
    const count = answer.slots ?? 'as many slots as its tier has';
    const kept = answer.standing ? 'a connection is kept open' : 'no connection is kept open';
    say(`${answer.mirror}: ${typeof count === 'number' ? `${count} slots` : count}, ${kept}.`);
    if (answer.stock === null) return;
    const { push, callback, trace, runmirrors, names } = answer.stock;
    say(`Pushed with ${push}${callback ? ' and callback' : ''}; its trace file is ${trace}.`);
    if (runmirrors) say('Its own runmirrors pushes the mirrors below it.');
    for (const [archive, own] of Object.entries(names)) {
      say(`Its name of ${archive} is ${own === '' ? 'none: its main archive' : own}.`);
    }
  });
}

function slots(text: string): number | null {
  if (text === 'default') return null;
  const number = Number(text);
  if (!/^[1-9][0-9]{0,4}$/.test(text) || number > 10_000) {
    throw new InvalidArgumentError('expected a number from 1 to 10000, or "default"');
  }
  return number;
}
