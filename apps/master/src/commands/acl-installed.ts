import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import { Command } from 'commander';
import { accessCheckedSchema, renderedSchema } from '../http/routes/access-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { EXIT, Exit } from './exit.ts';
import { printable, say, sayJson, warn } from './output.ts';

interface RenderOptions extends CommonOptions {
  to: string;
}

export function renderCommand(): Command {
  const command = new Command('render')
    .description('write rsyncd.conf and its secrets, for an rsync daemon that you run yourself')
    .requiredOption('--to <folder>', 'where they are to lie')
    .addHelpText('after', '\nExample:\n  mirror-master acl render --to /etc/pushmirror/rsyncd');
  return withCommonOptions(command).action(async (options: RenderOptions) => {
    const folder = resolve(options.to);
    const query = new URLSearchParams({ folder });
    const path = `${apiPath('acl', 'render')}?${query.toString()}`;
    const { files, notes } = await createClient(options).get(path, renderedSchema);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const file of files) await replaceFile(file.path, file.text, 0o600);
    const paths = files.map((file) => file.path);
    if (options.json === true) return sayJson({ files: paths, notes });
    for (const one of paths) say(printable(one));
    for (const note of notes) warn(printable(note));
    say(`Start it with: rsync --daemon --config=${printable(paths.at(-1) ?? '')}`);
  });
}

export function checkCommand(): Command {
  const command = new Command('check')
    .description('compare what is installed with what should be; exit code 1 when it differs')
    .addHelpText('after', '\nExample:\n  mirror-master acl check');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const checked = await createClient(options).get(apiPath('acl', 'check'), accessCheckedSchema);
    const { managed, drift, mirrors } = checked;
    const behind = mirrors.filter(({ current, askedAt }) => !current && askedAt !== null);
    if (options.json === true) sayJson(checked);
    else {
      if (!managed) say('The master runs no rsync daemon: nothing of it to compare.');
      for (const { file, line, what, text } of drift) {
        say(printable(`${file}:${line}: ${what}: ${text}`));
      }
      for (const { mirror } of behind) say(printable(`${mirror} has not taken the newest rules.`));
      const never = mirrors.filter(({ askedAt }) => askedAt === null).length;
      if (never > 0)
        say(`${never} mirrors have not asked for their rules since the master started.`);
      if (drift.length + behind.length === 0) say('What is installed is what should be.');
    }
    if (drift.length + behind.length > 0) throw new Exit(EXIT.failed);
  });
}
