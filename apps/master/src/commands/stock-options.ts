import { InvalidArgumentError, Option, type Command } from 'commander';

/** What is said of a stock ftpsync mirror on a command line. */
export interface StockOptions {
  push?: 'all' | 'staged' | 'mhop';
  callback?: 'on' | 'off';
  trace?: string;
  runmirrors?: 'on' | 'off';
  stockName?: Record<string, string>;
}

export function withStockOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--push <all|staged|mhop>',
        'of ftpsync: the words it is pushed with; staged: it takes part in switching together',
      ).choices(['all', 'staged', 'mhop']),
    )
    .addOption(
      new Option('--callback <on|off>', 'of ftpsync: ask it to call its upstream back').choices([
        'on',
        'off',
      ]),
    )
    .addOption(
      new Option(
        '--runmirrors <on|off>',
        'of ftpsync: its own runmirrors pushes the mirrors below it',
      ).choices(['on', 'off']),
    )
    .option('--trace <name>', 'of ftpsync: its MIRRORNAME, when that is not its name here')
    .option(
      '--stock-name <archive=name>',
      'of ftpsync: its own name of an archive; "debian=" is the one of ftpsync.conf (may be repeated)',
      oneMore,
    );
}

/** The body's part; undefined when nothing was said. */
export function stockFrom({ push, callback, trace, runmirrors, stockName: names }: StockOptions) {
  const said = {
    ...(push === undefined ? {} : { push }),
    ...(callback === undefined ? {} : { callback: callback === 'on' }),
    ...(trace === undefined ? {} : { trace }),
    ...(runmirrors === undefined ? {} : { runmirrors: runmirrors === 'on' }),
    ...(names === undefined ? {} : { names }),
  };
  return Object.keys(said).length === 0 ? undefined : said;
}

function oneMore(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [archive = '', name, ...rest] = text.split('=');
  if (archive === '' || name === undefined || rest.length > 0) {
    throw new InvalidArgumentError(
      'expected ARCHIVE=NAME, such as "debian=" or "ports=debian-ports"',
    );
  }
  return { ...before, [archive]: name };
}
