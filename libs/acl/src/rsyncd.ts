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
  /** rsync patterns of what alone is shown, without what `exclude` hides. */
  only?: readonly string[];
  /**
   * Only these users, with their lines in `secretsFile`, get in. Absent: no password is asked for.
   * Empty: nobody gets in.
   */
  authUsers?: readonly string[];
  /** `user:secret` lines, for the daemon's own eyes; needed where there are users. */
  secretsFile?: string;
  /**
   * A program that has the last word: it sees RSYNC_USER_NAME and RSYNC_HOST_ADDR, and what it ends
   * with but 0 refuses. For rules that let different users come from different addresses.
   */
  guard?: readonly string[];
  /** Absent: no limit. Needs a lock file. */
  maxConnections?: number;
}

export interface RsyncdConf {
  /**
   * A numeric address to listen on; `::` for all, of both families. Left out, with the port, for a
   * daemon on standard input and output.
   */
  address?: string;
  port?: number;
  pidFile?: string;
  logFile?: string;
  lockFile?: string;
  /** For every module that does not say otherwise. */
  maxConnections?: number;
  modules: readonly RsyncdModule[];
}

/** The name of an rsync user: a mirror's, with what tells its secrets apart behind it. */
export function isRsyncUser(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,255}$/.test(text);
}

/**
 * The lines of a secrets file (rsyncd.conf(5)). It must be readable by the daemon's user alone.
 *
 * @throws AclError `unsafe-rsyncd` where a line would be read otherwise.
 */
export function renderSecrets(secrets: readonly { user: string; secret: string }[]): string {
  for (const { user, secret } of secrets) {
    if (!isRsyncUser(user)) throw unsafe(`${shown(user)} cannot be the name of a user`);
    if (!/^[A-Za-z0-9_-]{16,128}$/.test(secret)) throw unsafe(`the secret of ${user} is not plain`);
  }
  return secrets.map(({ user, secret }) => `${user}:${secret}\n`).join('');
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
  return [
    '# Written by pushmirror; changes made here are lost.',
    ...listening(conf),
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
    // Else its short answers wait for acknowledgements, 40 ms a time.
    'socket options = TCP_NODELAY',
  ];
}

function listening({ address, port }: RsyncdConf): string[] {
  if (address === undefined && port === undefined) return [];
  if (address === undefined || isIP(address) === 0 || address.includes('%')) {
    throw unsafe(`its address must be a numeric one, not ${shown(address ?? '')}`);
  }
  return [
    // rsync takes "::" for IPv6 alone; without an address it listens on all there are.
    ...(address === '::' ? [] : [`address = ${address}`]),
    `port = ${whole('port', port ?? 0, 1, 65535)}`,
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
    ...hosts(one),
    ...users(one),
    ...whatIsShown(one),
    ...guardLines(one.guard),
    ...maxConnections(one.maxConnections, conf),
  ];
}

/** With `hosts deny = *` beside it, whoever is not in `hosts allow` is refused. */
function hosts({ hostsAllow: allow, authUsers }: RsyncdModule): string[] {
  if (allow?.length === 0 || authUsers?.length === 0) return ['hosts deny = *'];
  if (allow === undefined) return [];
  const ranges = allow.map((cidr) => parseCidr(cidr).text);
  return [`hosts allow = ${ranges.join(' ')}`, 'hosts deny = *'];
}

function users({ authUsers, secretsFile }: RsyncdModule): string[] {
  if (authUsers === undefined || authUsers.length === 0) return [];
  const odd = authUsers.find((user) => !isRsyncUser(user));
  if (odd !== undefined) throw unsafe(`${shown(odd)} cannot be the name of a user`);
  if (secretsFile === undefined) throw unsafe('users need a secrets file');
  return [
    `auth users = ${authUsers.join(' ')}`,
    `secrets file = ${pathText('secrets file', secretsFile)}`,
    'strict modes = yes',
  ];
}

/** rsync hands the command to a shell: only words that no shell reads otherwise. */
function guardLines(guard: readonly string[] | undefined): string[] {
  if (guard === undefined) return [];
  const odd = guard.find((word) => !/^[A-Za-z0-9_@+=:,./-]+$/.test(word));
  if (odd !== undefined) throw unsafe(`${shown(odd)} of its guard is not a plain word`);
  if (!guard[0]?.startsWith('/')) throw unsafe('its guard must begin with an absolute path');
  return [`pre-xfer exec = ${guard.join(' ')}`];
}

/** The daemon goes by `filter` first, then `include`, then `exclude` (rsyncd.conf(5), filter). */
function whatIsShown({ only, exclude = [] }: RsyncdModule): string[] {
  if (only === undefined) return patterns('exclude', exclude);
  patterns('exclude', exclude);
  const hidden = exclude.map((pattern) => `- ${pattern}`);
  return [
    ...(hidden.length === 0 ? [] : [`filter = ${hidden.join(' ')}`]),
    ...patterns('include', only),
    'exclude = *',
  ];
}

/** rsync takes the patterns apart at blanks; `+`, `-` and `!` in front would mean something else. */
function patterns(name: 'include' | 'exclude', list: readonly string[]): string[] {
  const odd = list.find((one) => !/^[A-Za-z0-9/*?_.][A-Za-z0-9/*?_.+~:@=,-]*$/.test(one));
  if (odd !== undefined) throw unsafe(`${shown(odd)} is not a plain pattern to ${name}`);
  return list.length === 0 ? [] : [`${name} = ${list.join(' ')}`];
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
