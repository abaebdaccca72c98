import { isIP } from 'node:net';
import { parseCidr } from './cidr.ts';
import { AclError } from './errors.ts';
import { isArchiveName } from './names.ts';

/** One rsync module: a folder that is served read-only. */
export interface RsyncdModule {
  name: string;
  /** An absolute path. */
  path: string;
  /** Shown in the list of modules. */
  comment?: string;
  /** CIDRs. Absent: everybody. Empty: nobody. */
  hostsAllow?: readonly string[];
  /** rsync patterns of what is hidden, such as `/project/private` or `*.tmp`. */
  exclude?: readonly string[];
  /** Absent: no limit. Needs a lock file. */
  maxConnections?: number;
}

export interface RsyncdConf {
  /** A numeric address to listen on. */
  address: string;
  port: number;
  pidFile?: string;
  logFile?: string;
  lockFile?: string;
  /** For every module that does not say otherwise. */
  maxConnections?: number;
  modules: readonly RsyncdModule[];
}

/**
 * A configuration for `rsync --daemon` (rsyncd.conf(5)) that serves folders read-only, by numeric
 * addresses only. `use chroot` is off so that it runs without root; for that case the options with
 * which a client has the daemon follow symlinks, out of the module too, are refused.
 *
 * @throws AclError `unsafe-rsyncd` where a value would be read otherwise than it is written (line
 * breaks, `%` which stands for a variable, `\` which joins lines, blanks at the ends), or
 * `malformed-cidr`.
 */
export function renderRsyncdConf(conf: RsyncdConf): string {
  const names = conf.modules.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw unsafe(`two modules are called "${twice}"`);
  const sections = [globals(conf), ...conf.modules.map((one) => moduleLines(one, conf))];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function globals(conf: RsyncdConf): string[] {
  if (isIP(conf.address) === 0 || conf.address.includes('%')) {
    throw unsafe(`its address must be a numeric one, not ${shown(conf.address)}`);
  }
  return [
    '# Written by pushmirror; changes made here are lost.',
    `address = ${conf.address}`,
    `port = ${whole('port', conf.port, 1, 65535)}`,
    ...optional('pid file', conf.pidFile, pathText),
    ...optional('log file', conf.logFile, pathText),
    ...optional('lock file', conf.lockFile, pathText),
    ...maxConnections(conf.maxConnections, conf),
    'use chroot = no',
    'munge symlinks = no',
    'read only = yes',
    'list = yes',
    'reverse lookup = no',
    'forward lookup = no',
    'refuse options = copy-links copy-unsafe-links copy-dirlinks',
    'timeout = 600',
  ];
}

function moduleLines(one: RsyncdModule, conf: RsyncdConf): string[] {
  // A section called "global" would hold settings for all modules.
  if (!isArchiveName(one.name) || one.name === 'global') {
    throw unsafe(`${shown(one.name)} cannot be the name of a module`);
  }
  return [
    `[${one.name}]`,
    `path = ${pathText('path', one.path)}`,
    ...optional('comment', one.comment, plainText),
    ...hosts(one.hostsAllow),
    ...excludes(one.exclude ?? []),
    ...maxConnections(one.maxConnections, conf),
  ];
}

/** With `hosts deny = *` beside it, whoever is not in `hosts allow` is refused. */
function hosts(allow: readonly string[] | undefined): string[] {
  if (allow === undefined) return [];
  if (allow.length === 0) return ['hosts deny = *'];
  const ranges = allow.map((cidr) => parseCidr(cidr).text);
  return [`hosts allow = ${ranges.join(' ')}`, 'hosts deny = *'];
}

/** rsync takes the patterns apart at blanks; `+`, `-` and `!` in front would mean something else. */
function excludes(patterns: readonly string[]): string[] {
  const odd = patterns.find((one) => !/^[A-Za-z0-9/*?_.][A-Za-z0-9/*?_.+~:@=,-]*$/.test(one));
  if (odd !== undefined)
    throw unsafe(`${shown(odd)} cannot be excluded: it is not a plain pattern`);
  return patterns.length === 0 ? [] : [`exclude = ${patterns.join(' ')}`];
}

function maxConnections(limit: number | undefined, conf: RsyncdConf): string[] {
  if (limit === undefined) return [];
  if (conf.lockFile === undefined) throw unsafe('a limit of connections needs a lock file');
  return [`max connections = ${whole('max connections', limit, 1, 1_000_000)}`];
}

function optional(
  name: string,
  value: string | undefined,
  check: (name: string, value: string) => string,
): string[] {
  return value === undefined ? [] : [`${name} = ${check(name, value)}`];
}

function pathText(name: string, path: string): string {
  const parts = path.split('/').slice(1);
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!path.startsWith('/') || !plain) {
    throw unsafe(`its ${name} must be a plain absolute path, not ${shown(path)}`);
  }
  return plainText(name, path);
}

function plainText(name: string, text: string): string {
  if (/[\p{Cc}\u2028\u2029%\\]/u.test(text) || text.trim() !== text || text === '') {
    throw unsafe(`its ${name} ${shown(text)} holds characters that rsync would read otherwise`);
  }
  return text;
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw unsafe(`its ${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function unsafe(why: string): AclError {
  return new AclError('unsafe-rsyncd', `No rsyncd.conf can be made: ${why}.`);
}
