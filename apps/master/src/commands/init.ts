import { Command } from 'commander';
import { dirname, join, resolve } from 'node:path';
import { initFolder } from '../setup/init-folder.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { say, sayJson } from './output.ts';

interface InitOptions extends CommonOptions {
  network: string;
  name: string;
}

/** `mirror-master init [FOLDER]` */
export function initCommand(): Command {
  const command = new Command('init')
    .description('make a working folder: keys, token, allowed_signers and master.toml')
    .argument('[folder]', 'where to; /etc/pushmirror when left out')
    .requiredOption('--network <name>', 'the network, such as "example"')
    .requiredOption('--name <host>', "this master's host name, such as ftp.example.org")
    .addHelpText(
      'after',
      '\nNothing that is there already is overwritten.\n\nExample:\n  mirror-master init /etc/pushmirror --network example --name ftp.example.org',
    );
  return withCommonOptions(command).action(
    async (folder: string | undefined, options: InitOptions) => {
      const config =
        options.config === undefined
          ? join(resolve(folder ?? '/etc/pushmirror'), 'master.toml')
          : resolve(options.config);
      const made = await initFolder({
        folder: folder === undefined ? dirname(config) : resolve(folder),
        config,
        network: options.network,
        name: options.name,
      });
      if (options.json === true) return sayJson(made);
      say(`Made ${made.config}, two keys, a token and allowed_signers.`);
      say(`Look through it, then start the master: mirror-master serve --config ${made.config}`);
    },
  );
}
