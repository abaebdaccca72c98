import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { whyOf } from '@pushmirror/host/errors';
import { readShellSettings } from '@pushmirror/config';
import { Command } from 'commander';
import { z } from 'zod';
import { mirrorSchema } from '../http/routes/schemas.ts';
import { fromRunmirrors, type LeftOut, type StockLine } from '../move/from-runmirrors.ts';
import { findHostKey } from '../move/known-host-keys.ts';
import { apiPath, createClient, type Client } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { say, sayJson, warn } from './output.ts';

interface ImportOptions extends CommonOptions {
  conf?: string;
  archive?: string;
  knownHosts: string;
  scan?: boolean;
  httpUrl?: string;
  dryRun?: boolean;
}

interface Wanted extends StockLine {
  hostKey: string;
  scanned: boolean;
}

/** `mirror-master import runmirrors FILE` */
export function importCommand(): Command {
  const runmirrors = new Command('runmirrors')
    .description('add the mirrors of a runmirrors.mirror, as stock ftpsync mirrors')
    .argument('<file>', 'the runmirrors.mirror')
    .option('--conf <file>', 'its runmirrors.conf; the one beside it when left out')
    .option('--archive <name>', 'our archive; its PUSHARCHIVE when left out, else debian')
    .option('--known-hosts <file>', 'where the host keys are', join(homedir(), '.ssh/known_hosts'))
    .option('--scan', 'ask a host for its key when the file does not know it; check what is shown')
    .option('--http-url <url>', 'where readers go, such as http://{host}/debian/')
    .option('--dry-run', 'show what would be added, and add nothing')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master import runmirrors /etc/ftpsync/runmirrors.mirror --http-url "http://{host}/debian/" --dry-run',
    );
  return new Command('import')
    .description('move in from another program')
    .addCommand(withCommonOptions(runmirrors).action(run));
}

async function run(file: string, o: ImportOptions): Promise<void> {
  const conf = readConf(o.conf ?? file.replace(/\.mirror$/, '.conf'), o.conf !== undefined);
  const pushArchive = conf.get('PUSHARCHIVE')?.value ?? suffixOf(file);
  const archive = o.archive ?? (pushArchive === '' ? 'debian' : pushArchive);
  const { mirrors, leftOut, known } = fromRunmirrors(read(file), pushArchive);
  if (known === 0) {
    throw new UsageError(
      `${file} is no runmirrors.mirror: none of its lines begins with all, staged or mhop. Name the file that lists the mirrors.`,
    );
  }
  const client = createClient(o);
  const there = await namesOf(client);
  const wanted: Wanted[] = [];
  for (const one of mirrors) {
    const leave = (why: string) => leftOut.push({ line: one.line, what: one.name, why });
    if (there.has(one.name)) {
      leave('there is a mirror of this name already');
      continue;
    }
    there.add(one.name);
    const found = await findHostKey(one.ssh, { ...o, scan: o.scan === true });
    if (found === undefined)
      leave(`${o.knownHosts} does not know its host key: add it, or say --scan`);
    else wanted.push({ ...one, hostKey: found.key, scanned: found.scanned });
  }
  for (const one of o.dryRun === true ? [] : wanted) await add(client, one, archive, o.httpUrl);
  tell(file, o, { archive, wanted, leftOut, keyFile: conf.get('KEYFILE')?.value });
}

async function add(client: Client, one: Wanted, archive: string, httpUrl: string | undefined) {
  const { name, ssh, hostKey, push, stockName } = one;
  const body = {
    name,
    kind: 'ftpsync',
    ssh,
    hostKey,
    archives: [archive],
    httpUrl: httpUrl?.replaceAll('{host}', ssh.host),
    stock: { push, names: { [archive]: stockName } },
  };
  await client.post(apiPath('mirrors'), body, z.object({ mirror: mirrorSchema }));
}

interface Done {
  archive: string;
  wanted: readonly Wanted[];
  leftOut: LeftOut[];
  keyFile: string | undefined;
}

function tell(file: string, o: ImportOptions, { archive, wanted, leftOut, keyFile }: Done): void {
  leftOut.sort((a, b) => a.line - b.line);
  const added = wanted.map(({ line, name, short, push, ssh, hostKey, scanned }) => {
    return { line, name, short, push, ssh, hostKey, scanned };
  });
  if (o.json === true) return sayJson({ archive, dryRun: o.dryRun === true, added, leftOut });
  const verb = o.dryRun === true ? 'would add' : 'added';
  for (const { line, name, short, push, scanned, hostKey } of added) {
    say(`${file}:${line}: ${verb} ${name} (${short}) for ${archive}, pushed with ${push}`);
    if (scanned) say(`  its host key as it shows it now, to be checked: ${hostKey}`);
  }
  for (const { line, what, why } of leftOut) warn(`${file}:${line}: left out: ${what}: ${why}`);
  say(
    `The mirrors know the key of runmirrors${keyFile === undefined ? '' : ` (${keyFile})`}. Take it as push_key of the master, or send them the master's: mirror-master key list.`,
  );
  if (o.httpUrl === undefined && added.length > 0) {
    warn(
      'Without an address (--http-url) nobody can read their trace files, which say where they stand.',
    );
  }
}

async function namesOf(client: Client): Promise<Set<string>> {
  const answer = z.object({ mirrors: z.array(mirrorSchema) });
  const { mirrors } = await client.get(apiPath('mirrors'), answer);
  return new Set(mirrors.map(({ name }) => name));
}

function readConf(path: string, must: boolean) {
  if (!must && !existsSync(path)) return new Map<string, { value: string; line: number }>();
  const { settings, notUnderstood } = readShellSettings(read(path), { HOME: homedir() });
  for (const { line, text, why } of notUnderstood)
    warn(`${path}:${line}: left out: ${text}: ${why}`);
  for (const [name, { line }] of settings) {
    const why = CONF[name];
    if (why !== undefined) warn(`${path}:${line}: left out: ${name}: ${why}`);
  }
  return settings;
}

const CONF: Record<string, string> = {
  MAILTO: 'what goes wrong is on the page and in the log',
  LOGDIR: 'the master writes to the journal',
  LOG: 'the master writes to the journal',
  LOGROTATE: 'the journal keeps and forgets by itself',
  LOCKDIR: 'what is under way is in the database',
  SSH_OPTS: 'host keys are pinned, and ssh reads no options',
  PUSHDELAY: 'switching together has stage_deadline: mirror-master archive set --policy',
  HOOK1: 'write a program that runs before mirror-master publish',
  HOOK2: 'mirrors are pushed at once, there is nothing between them',
  HOOK3: 'write a program that runs after mirror-master publish --wait',
};

/** runmirrors-NAME.mirror is for the archive NAME. */
function suffixOf(file: string): string {
  return /^runmirrors-(.+)\.mirror$/.exec(basename(file))?.[1] ?? '';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(
      `${join(dirname(path), basename(path))} cannot be read (${whyOf(cause)}).`,
      { cause },
    );
  }
}
