import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import { Command } from 'commander';
import { driftOf, type Drift } from '../access/drift.ts';
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
    .description(
      'write rsyncd.conf with its secrets, and authorized_keys, for an rsync daemon and an sshd that you run yourself',
    )
    .requiredOption('--to <folder>', 'where they are to lie')
    .addHelpText('after', '\nExample:\n  mirror-master acl render --to /etc/pushmirror/rsyncd');
  return withCommonOptions(command).action(async (options: RenderOptions) => {
    const folder = resolve(options.to);
    const { files, notes } = await getRendered(folder, options);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const file of files) await replaceFile(file.path, file.text, 0o600);
    const paths = files.map((file) => file.path);
    if (options.json === true) return sayJson({ files: paths, notes });
    for (const one of paths) say(printable(one));
    for (const note of notes) warn(printable(note));
    say(`Start it with: rsync --daemon --config=${printable(paths.at(-1) ?? '')}`);
  });
}

interface CheckOptions extends CommonOptions {
  folder?: string;
}

export function checkCommand(): Command {
  const command = new Command('check')
    .description('compare what is installed with what should be; exit code 1 when it differs')
    .option('--folder <folder>', 'look at files that acl render wrote there, and at nothing else')
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master acl check\n  mirror-master acl check --folder /etc/pushmirror/rsyncd',
    );
  return withCommonOptions(command).action(async (options: CheckOptions) => {
    if (options.folder !== undefined) return checkFolder(resolve(options.folder), options);
    const checked = await createClient(options).get(apiPath('acl', 'check'), accessCheckedSchema);
    const { managed, drift, mirrors } = checked;
    const behind = mirrors.filter(({ current, askedAt }) => !current && askedAt !== null);
    if (options.json === true) sayJson(checked);
    else {
      if (!managed) say('The master runs no rsync daemon: nothing of it to compare.');
      for (const one of drift) sayDrift(one);
      for (const { mirror } of behind) say(printable(`${mirror} has not taken the newest rules.`));
      const never = mirrors.filter(({ askedAt }) => askedAt === null).length;
      if (never > 0)
        say(`${never} mirrors have not asked for their rules since the master started.`);
      if (drift.length + behind.length === 0) say('What is installed is what should be.');
    }
    if (drift.length + behind.length > 0) throw new Exit(EXIT.failed);
  });
}

/** What `acl render` would write, against what lies there. */
async function checkFolder(folder: string, options: CommonOptions): Promise<void> {
  const { files } = await getRendered(folder, options);
  const drift = await driftOf(files);
  if (options.json === true) sayJson({ drift });
  else if (drift.length === 0) say('What is installed is what should be.');
  else drift.forEach(sayDrift);
  if (drift.length > 0) throw new Exit(EXIT.failed);
}

function getRendered(folder: string, options: CommonOptions) {
  const query = new URLSearchParams({ folder });
  const path = `${apiPath('acl', 'render')}?${query.toString()}`;
  return createClient(options).get(path, renderedSchema);
}

function sayDrift({ file, line, what, text }: Drift): void {
  say(printable(`${file}:${line}: ${what}: ${text}`));
}
