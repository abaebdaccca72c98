import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { readSecret, replaceFile } from '@pushmirror/host';
import { Command } from 'commander';
import { AgentError } from '../errors.ts';
import { toFtpsync } from '../move/to-ftpsync.ts';
import { loadSettings } from '../settings.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

interface ExportOptions extends CommonOptions {
  archive?: string;
  to: string;
}

/** `mirror-agent export ftpsync` */
export function exportCommand(context: CommandContext): Command {
  const ftpsync = newCommand(
    context,
    'ftpsync',
    'Write an ftpsync.conf for each archive, with which the stock ftpsync keeps this mirror.',
    'mirror-agent export ftpsync --to /etc/ftpsync',
  )
    .requiredOption('--to <folder>', 'where the files go: ftpsync.conf, ftpsync-NAME.conf')
    .option('--archive <name>', 'this archive alone')
    .action((options: ExportOptions) => run(options, context));
  return new Command('export').description('Move out again.').addCommand(ftpsync);
}

async function run(o: ExportOptions, { output }: CommandContext): Promise<void> {
  const { config } = loadSettings(o.config);
  const archives = config.archive.filter(({ name }) => (o.archive ?? name) === name);
  if (archives.length === 0) {
    throw new AgentError('usage', `${o.config} has no archive ${o.archive}.`);
  }
  await mkdir(o.to, { recursive: true });
  const files: { archive: string; file: string; leftOut: string[] }[] = [];
  for (const archive of archives) {
    const secret = archive.password_file && readSecret(archive.password_file).toString('utf8');
    const { text, leftOut } = toFtpsync(config, archive, secret?.trim());
    // The first archive is ftpsync's main one.
    const main = archive.name === config.archive[0]?.name;
    const file = join(o.to, main ? 'ftpsync.conf' : `ftpsync-${archive.name}.conf`);
    await replaceFile(file, text, secret === undefined ? 0o644 : 0o600);
    files.push({ archive: archive.name, file, leftOut });
  }
  if (o.json === true) return output.stdout(`${JSON.stringify({ files })}\n`);
  for (const { file, leftOut } of files) {
    output.stdout(`${file} is written.\n`);
    for (const what of leftOut) output.stderr(`${file}: left out: ${what}.\n`);
  }
}
