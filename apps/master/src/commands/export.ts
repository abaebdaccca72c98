import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import { Command } from 'commander';
import { z } from 'zod';
import { readMasterConfig } from '../config.ts';
import { mirrorSchema } from '../http/routes/schemas.ts';
import { toRunmirrors } from '../move/to-runmirrors.ts';
import { MASTER } from '../registry/tree.ts';
import { apiPath, createClient } from './client.ts';
import { configPath, withCommonOptions, type CommonOptions } from './config-option.ts';
import { say, sayJson, warn } from './output.ts';

interface ExportOptions extends CommonOptions {
  to: string;
  archive: string;
  staged?: boolean;
}

/** `mirror-master export runmirrors` */
export function exportCommand(): Command {
  const runmirrors = new Command('runmirrors')
    .description('write the files with which the stock runmirrors pushes the same mirrors')
    .requiredOption(
      '--to <folder>',
      'where they go: runmirrors.conf, runmirrors.mirror, known_hosts',
    )
    .option('--archive <name>', 'the archive', 'debian')
    .option('--staged', 'push agents in stages; stock mirrors are pushed as they are set')
    .addHelpText('after', '\nExample:\n  mirror-master export runmirrors --to /etc/ftpsync');
  return new Command('export')
    .description('move out again')
    .addCommand(withCommonOptions(runmirrors).action(run));
}

async function run(o: ExportOptions): Promise<void> {
  const answer = z.object({ mirrors: z.array(mirrorSchema) });
  const { mirrors } = await createClient(o).get(apiPath('mirrors'), answer);
  const direct = mirrors.filter(
    ({ sender, state, archives }) =>
      sender === MASTER && state === 'active' && archives.some((one) => one.archive === o.archive),
  );
  const relaying = new Set(mirrors.filter(({ stock }) => stock?.runmirrors === true).map(nameOf));
  const mine = direct.filter(({ upstream }) => !relaying.has(upstream ?? ''));
  const folder = resolve(o.to);
  const knownHosts = join(folder, 'known_hosts');
  const pushed = mine.map(({ name, kind, ssh, hostKey, stock, archives }) => {
    const main = kind === 'agent' && archives.length === 1 ? '' : o.archive;
    const push = stock?.push ?? (o.staged === true ? ('staged' as const) : ('all' as const));
    return { name, kind, ssh, hostKey, push, stockName: stock?.names[o.archive] ?? main };
  });
  const files = toRunmirrors(pushed, { key: readMasterConfig(configPath(o)).push_key, knownHosts });
  for (const { name, upstream } of direct.filter((one) => !mine.includes(one))) {
    files.leftOut.push(`${name}: the runmirrors of ${upstream} pushes it`);
  }
  await mkdir(folder, { recursive: true });
  const conf = join(folder, 'runmirrors.conf');
  const mirror = join(folder, 'runmirrors.mirror');
  await replaceFile(conf, files.conf, 0o644);
  await replaceFile(mirror, files.mirror, 0o644);
  await replaceFile(knownHosts, files.knownHosts, 0o644);
  if (o.json === true) {
    return sayJson({ conf, mirror, knownHosts, mirrors: pushed.length, leftOut: files.leftOut });
  }
  say(`${conf}, ${mirror} and ${knownHosts} are written, for ${pushed.length} mirrors.`);
  for (const what of files.leftOut) warn(`left out: ${what}`);
}

function nameOf({ name }: { name: string }): string {
  return name;
}
