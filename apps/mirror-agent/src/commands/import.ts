import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseConfig } from '@pushmirror/config';
import { replaceFile, whyOf } from '@pushmirror/host';
import { Command } from 'commander';
import { agentConfig } from '../config.ts';
import { AgentError, messageOf } from '../errors.ts';
import { fromFtpsync } from '../move/from-ftpsync.ts';
import type { Imported } from '../move/imported.ts';
import { renderImported } from '../move/render-imported.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

interface ImportOptions extends CommonOptions {
  archive?: string;
  network: string;
  state: string;
  allowedSigners: string;
  dryRun?: true;
  force?: true;
}

/** `mirror-agent import ftpsync FILE` */
export function importCommand(context: CommandContext): Command {
  const ftpsync = newCommand(
    context,
    'ftpsync',
    'Write a configuration from an ftpsync.conf. The file is read, and never run.',
    'mirror-agent import ftpsync /etc/ftpsync/ftpsync.conf --dry-run',
  )
    .argument('<file>', 'the ftpsync.conf')
    .option('--archive <name>', 'the archive’s name here; from ftpsync-NAME.conf, else debian')
    .option('--network <name>', 'the network’s name', 'debian')
    .option('--state <folder>', 'the agent’s own state', '/var/lib/pushmirror')
    .option('--allowed-signers <file>', 'who may sign heads', '/etc/pushmirror/allowed_signers')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--force', 'replace a configuration that is there')
    .action((file: string, options: ImportOptions) => run(file, options, context));
  return new Command('import')
    .description('Move in from another mirroring program.')
    .addCommand(ftpsync);
}

async function run(file: string, o: ImportOptions, { output }: CommandContext): Promise<void> {
  const folder = dirname(o.config);
  const archive = o.archive ?? archiveOf(file);
  const passwordFile = join(folder, `rsync-password-${archive}`);
  const imported = fromFtpsync({
    text: read(file),
    archive,
    passwordFile,
    known: { HOME: homedir(), LOGNAME: userInfo().username, NAME: basename(file, '.conf') },
    hostname: hostname(),
  });
  if (imported.known === 0) {
    const message = `${file} is no ftpsync.conf: it sets nothing that ftpsync knows. Name the file of the mirror that moves in.`;
    throw new AgentError('usage', message);
  }
  const text = renderImported(imported, { ...o, from: file });
  check(text);
  if (o.dryRun !== true) await write(o, imported, text, passwordFile);
  if (o.json === true) {
    const { leftOut } = imported;
    output.stdout(
      `${JSON.stringify({ config: o.dryRun === true ? null : o.config, text, leftOut })}\n`,
    );
    return;
  }
  if (o.dryRun === true) output.stdout(text);
  else output.stdout(`${o.config} is written.\n`);
  for (const { line, what, why } of imported.leftOut) {
    output.stderr(`${file}:${line}: left out: ${what}: ${why}\n`);
  }
}

async function write(o: ImportOptions, imported: Imported, text: string, passwordFile: string) {
  if (existsSync(o.config) && o.force !== true) {
    const message = `${o.config} is there already. Name another with --config, or say --force.`;
    throw new AgentError('usage', message);
  }
  await mkdir(dirname(o.config), { recursive: true });
  if (imported.password !== undefined) {
    await replaceFile(passwordFile, `${imported.password}\n`, 0o600);
  }
  await replaceFile(o.config, text, 0o640);
}

/** What is written is what the agent will take. */
function check(text: string): void {
  try {
    parseConfig(text, agentConfig, 'the new configuration');
  } catch (error) {
    const message = `This file does not make a whole configuration:\n${messageOf(error)}\nSay what is missing in it first.`;
    throw new AgentError('config', message, { cause: error });
  }
}

function archiveOf(file: string): string {
  return /^ftpsync-(.+)\.conf$/.exec(basename(file))?.[1] ?? 'debian';
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AgentError('usage', `${file} cannot be read (${whyOf(cause)}).`, { cause });
  }
}
