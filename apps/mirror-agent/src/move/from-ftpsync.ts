import { readShellSettings, wordsOf } from '@pushmirror/config';
import { isArchiveName, isHost, isMirrorName, isUser } from '@pushmirror/acl';
import type { ArchiveToml, Imported, LeftOut } from './imported.ts';

export interface FtpsyncFile {
  text: string;
  /** The archive's name here. */
  archive: string;
  /** Where the password of the file goes. */
  passwordFile: string;
  /** What the file may refer to, and this host's full name. */
  known: Readonly<Record<string, string>>;
  hostname: string;
}

/** Names that need no counterpart, each with the reason. */
const NOT_NEEDED: Record<string, string> = {
  MAILTO: 'faults are in the log, in `mirror-agent status` and on the network’s page',
  ERRORSONLY: 'there is no mail',
  FULLLOGS: 'there is no mail',
  LOGDIR: 'the agent writes to the journal',
  LOG: 'the agent writes to the journal',
  LOGROTATE: 'the journal keeps and forgets by itself',
  LOCKTIMEOUT: 'locks end with their process',
  RSYNC_SSL_CAPATH: 'see RSYNC_TRANSPORT',
  RSYNC_SSL_METHOD: 'see RSYNC_TRANSPORT',
  RSYNC_SSL_PORT: 'see RSYNC_TRANSPORT',
  BASEDIR: 'the agent has a state folder of its own',
};
/** What stage 2 does anyway. */
const OPTIONS2 =
  /^--(max-delete=\d+|delay-updates|delete|delete-after|delete-delay|delete-excluded)$/;
const HOOKS = ['HOOK1', 'HOOK2', 'HOOK3', 'HOOK4', 'HOOK5'] as const;

/** An ftpsync.conf as the settings of an agent, with what has no counterpart and why. */
export function fromFtpsync(file: FtpsyncFile): Imported {
  const { settings, notUnderstood } = readShellSettings(file.text, file.known);
  const leftOut: LeftOut[] = notUnderstood.map(({ line, text, why }) => ({
    line,
    what: text,
    why,
  }));
  const taken = new Set<string>();
  const get = (name: string) => {
    taken.add(name);
    const value = settings.get(name)?.value;
    return value === '' ? undefined : value;
  };
  const leave = (name: string, why: string) => {
    taken.add(name);
    const found = settings.get(name);
    if (found !== undefined && found.value !== '') {
      leftOut.push({ line: found.line, what: name, why });
    }
  };
  const number = (name: string) => {
    const value = get(name);
    if (value === undefined) return undefined;
    if (/^[0-9]{1,9}$/.test(value)) return Number(value);
    leave(name, 'it is no number');
    return undefined;
  };

  const name = (get('MIRRORNAME') ?? file.hostname).toLowerCase();
  if (!isMirrorName(name)) leave('MIRRORNAME', `${name} is no host name; correct "name"`);
  if (!isArchiveName(file.archive)) {
    leftOut.push({ line: 0, what: file.archive, why: 'it is no name for an archive' });
  }
  const trace = {
    host: get('TRACEHOST'),
    maintainer: get('INFO_MAINTAINER'),
    sponsor: get('INFO_SPONSOR'),
    country: get('INFO_COUNTRY'),
    location: get('INFO_LOCATION'),
    throughput: get('INFO_THROUGHPUT'),
  };
  const filters = filtersOf(wordsOf(get('EXCLUDE') ?? ''), (what) =>
    leave('EXCLUDE', `${what} is not a plain --include or --exclude`),
  );
  const extra = extraOf(wordsOf(get('RSYNC_EXTRA') ?? ''), (what) =>
    leave('RSYNC_EXTRA', `${what} has no counterpart`),
  );
  const upstream = upstreamOf(get, leave, extra.port);
  if (/^\w+:\/\/(?:\S+@)?\//.test(upstream)) {
    leftOut.push({ line: 0, what: 'RSYNC_HOST', why: 'it is missing: set "upstream"' });
  }
  const password = get('RSYNC_PASSWORD');
  const stage2 = wordsOf(get('RSYNC_OPTIONS2') ?? '');
  const maxDelete = stage2.map((word) => /^--max-delete=(\d{1,9})$/.exec(word)?.[1]).find(Boolean);
  const odd = stage2.filter((word) => !OPTIONS2.test(word));
  if (odd.length > 0) leave('RSYNC_OPTIONS2', `${odd.join(' ')}: stage 2 is always the same`);
  for (const [one, why] of Object.entries(NOT_NEEDED)) leave(one, why);
  if (get('HUB') === 'true') {
    leave('HUB', 'a hub needs push_key and [rsyncd]; its mirrors: mirror-master import runmirrors');
  }
  const callback = callbackOf(get, leave);
  const bandwidth = number('RSYNC_BW');
  const archive: ArchiveToml = {
    name: file.archive,
    to: (get('TO') ?? '/srv/mirrors/debian/').replace(/(.)\/+$/, '$1'),
    upstream,
    ...(password === undefined ? {} : { password_file: file.passwordFile }),
    ...(bandwidth === undefined || bandwidth === 0 ? {} : { bandwidth_limit: bandwidth }),
    ...(maxDelete === undefined ? {} : { max_delete: Number(maxDelete) }),
    ...filters,
    architectures: {
      include: wordsOf(get('ARCH_INCLUDE') ?? ''),
      exclude: wordsOf(get('ARCH_EXCLUDE') ?? ''),
    },
    upstream_busy: { wait: `${number('UIPSLEEP') ?? 1200}s`, retries: number('UIPRETRIES') ?? 3 },
    hooks: hooksOf(get, leave),
    ...(callback === undefined ? {} : { callback }),
  };
  for (const [one, { line }] of settings) {
    if (!taken.has(one)) leftOut.push({ line, what: one, why: 'it has no counterpart' });
  }
  leftOut.sort((a, b) => a.line - b.line);
  const known = [...settings.keys()].filter((one) => taken.has(one)).length;
  return { name, trace, archive, password, known, leftOut };
}

/** As in ftpsync, nobody is called where the host or the key is missing. */
function callbackOf(get: Get, leave: Leave): ArchiveToml['callback'] {
  const [user = 'archvsync', host = 'none', key = 'none'] = [
    get('CALLBACKUSER'),
    get('CALLBACKHOST'),
    get('CALLBACKKEY'),
  ];
  if (host === 'none' || key === 'none') {
    const why = 'nobody is called back: that takes CALLBACKHOST and CALLBACKKEY';
    for (const one of ['CALLBACKUSER', 'CALLBACKHOST', 'CALLBACKKEY']) leave(one, why);
    return undefined;
  }
  if (isHost(host) && isUser(user) && /^\/[\w./+@:=,-]+$/.test(key)) return { host, user, key };
  leave('CALLBACKHOST', 'its host, user or key file is no plain word; write [archive.callback]');
  return undefined;
}

type Get = (name: string) => string | undefined;
type Leave = (name: string, why: string) => void;

function upstreamOf(get: Get, leave: Leave, port: string | undefined): string {
  const source = /^(?:([^@:/]+)@)?([^@:/]+)::(.+)$/.exec(get('RSYNC_SOURCE') ?? '');
  const user = source?.[1] ?? get('RSYNC_USER');
  const host = source?.[2] ?? get('RSYNC_HOST') ?? '';
  const path = (source?.[3] ?? get('RSYNC_PATH') ?? 'debian').replace(/^\/+|\/+$/g, '');
  const transport = get('RSYNC_SSL') === 'true' ? 'ssl' : (get('RSYNC_TRANSPORT') ?? 'undefined');
  if (transport === 'ssl') {
    const why = 'rsync over TLS is not spoken here: plain rsync is set, or use ssh://';
    leave('RSYNC_TRANSPORT', why);
    leave('RSYNC_SSL', why);
  }
  leave('RSYNC_PROXY', 'web proxies are not used');
  const at = `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}`;
  const scheme = transport === 'ssh' ? 'ssh' : 'rsync';
  return `${scheme}://${at}${port === undefined ? '' : `:${port}`}/${path}`;
}

/** `--exclude=X`, `--exclude X`, and the same with include. */
function filtersOf(words: readonly string[], onOther: (word: string) => void) {
  const found = { include: [] as string[], exclude: [] as string[] };
  for (let i = 0; i < words.length; i += 1) {
    const [, kind, given] = /^--(include|exclude)(?:=(.*))?$/.exec(words[i] ?? '') ?? [];
    const pattern = given ?? (kind === undefined ? undefined : words[(i += 1)]);
    if ((kind === 'include' || kind === 'exclude') && pattern !== undefined && pattern !== '') {
      found[kind].push(pattern);
    } else onOther(words[i] ?? '');
  }
  return found;
}

function extraOf(words: readonly string[], onOther: (word: string) => void) {
  let port: string | undefined;
  for (const word of words) {
    const [, number] = /^--port=(\d{1,5})$/.exec(word) ?? [];
    if (number === undefined) onOther(word);
    else port = number;
  }
  return { port };
}

/** Programs with plain arguments; what needs a shell is left out. */
function hooksOf(get: Get, leave: Leave): Record<string, string[]> {
  const hooks: Record<string, string[]> = {};
  for (const hook of HOOKS) {
    const value = get(hook);
    if (value === undefined) continue;
    const words = wordsOf(value);
    if (words[0]?.startsWith('/') === true && !/[;&|<>$`"'\\*?]/.test(value)) {
      hooks[hook.toLowerCase()] = words;
    } else leave(hook, 'it needs a shell: write a program of it, and name that by its path');
  }
  return hooks;
}
