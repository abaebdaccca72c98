import { absolutePath, duration, port, size } from '@pushmirror/config';
import { isArchiveName, isCidr, isHost, isMirrorName, isUser } from '@pushmirror/acl';
import { z } from 'zod';
import type { ArchiveSettings } from './sync/archive-settings.ts';

/** The configuration file of an agent; `config/mirror-agent.toml` is an annotated example. */

const pattern = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\p{Cc}]+$/u, { error: 'expected one line of text' });
const text = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, { error: 'expected one line of text' });
const archiveName = z.string().refine(isArchiveName, {
  error: 'expected an archive name: lower-case letters, digits and ._+-',
});
const mirrorName = z.string().refine(isMirrorName, {
  error: 'expected a mirror name, like a host name in lower case',
});
const network = z.string().refine(isArchiveName, {
  error: 'expected a network name: lower-case letters, digits and ._+-',
});
const rsyncUrl = z.string().regex(/^(rsync|ssh):\/\/[^\s\p{Cc}]+$/u, {
  error: 'expected a URL such as "rsync://host/module/path" or "ssh://user@host/module/path"',
});
const webUrl = z
  .url({ protocol: /^https?$/, error: 'expected a URL such as "https://master.example.org"' })
  .transform((url) => url.replace(/\/+$/, ''));
const range = z.string().refine(isCidr, {
  error: 'expected an address or network such as "192.0.2.0/24", with no bits behind its prefix',
});
/** ssh's options take a path apart at blanks, `%` and quotes. */
const plainPath = absolutePath.refine((path) => /^[\w./+@:=,-]+$/.test(path), {
  error: 'expected a path of letters, digits and . / + @ : = , _ -',
});
const hook = z.array(pattern).min(1).max(100);
const architecture = z.string().regex(/^[a-z0-9-]+$/, { error: 'expected an architecture' });
const nameServer = z.string().regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])(:\d{1,5})?$/i, {
  error: 'expected an address such as "192.0.2.53" or "[2001:db8::53]:53"',
});

const archive = z.strictObject({
  name: archiveName,
  /** The folder that readers are served from. */
  to: absolutePath,
  /** Which paths are indexes, and the order in which they switch. */
  profile: z.enum(['debian', 'rpm', 'arch', 'alpine', 'generic']).prefault('debian'),
  upstream: rsyncUrl,
  /** Tried in this order when the upstream fails: usually the upstream's own upstreams. */
  fallbacks: z.array(rsyncUrl).max(10).prefault([]),
  /** The rsync password, in a file that only the agent can read. */
  password_file: absolutePath.optional(),
  mode: z.enum(['auto', 'classic']).prefault('auto'),
  /** The longest time one sync may take; then rsync and all its children are ended. */
  deadline: duration.prefault('12h'),
  /** In KiB per second, as rsync's --bwlimit. */
  bandwidth_limit: z.int().min(1).optional(),
  max_delete: z.int().min(0).prefault(40_000),
  /** How long what a release dropped stays on disk; left out, it goes at once. */
  delete_after: duration.optional(),
  /** rsync patterns, as in ftpsync. */
  include: z.array(pattern).max(1000).prefault([]),
  exclude: z.array(pattern).max(1000).prefault([]),
  architectures: z
    .strictObject({
      include: z.array(architecture).max(100).prefault([]),
      exclude: z.array(architecture).max(100).prefault([]),
    })
    .prefault({}),
  /** Programs, as argv arrays, run at ftpsync's five points. */
  hooks: z
    .strictObject({
      hook1: hook.optional(),
      hook2: hook.optional(),
      hook3: hook.optional(),
      hook4: hook.optional(),
      hook5: hook.optional(),
    })
    .prefault({}),
  poll: z
    .strictObject({ every: duration.prefault('15m'), jitter: duration.prefault('5m') })
    .prefault({}),
  /** Whom to tell that a sync is done which was asked for with ftpsync's `sync:callback`. */
  callback: z
    .strictObject({
      host: z.string().refine(isHost, { error: 'expected a host name or an address' }),
      port: port.min(1).prefault(22),
      user: z.string().refine(isUser, { error: 'expected a user name' }).prefault('archvsync'),
      key: plainPath,
      known_hosts: plainPath.optional(),
    })
    .optional(),
  /** How long to wait, and how often to come back, while the upstream is itself in a sync. */
  upstream_busy: z
    .strictObject({
      wait: duration.prefault('20m'),
      retries: z.int().min(0).max(100).prefault(3),
    })
    .prefault({}),
  /** Free space to leave on the disk. */
  min_free: size.prefault('1G'),
});

const schema = z.strictObject({
  /** This mirror's name in the network; also the name of its trace file. */
  name: mirrorName.refine((name) => name !== 'master', {
    error: 'expected another name: "master" is the trace file of the master',
  }),
  network,
  /** The folder of the agent's own state, on a disk that lasts. */
  state: absolutePath,
  /** Who may sign heads, in OpenSSH's allowed_signers format. */
  allowed_signers: absolutePath,
  /** What the trace file says about this mirror. */
  trace: z
    .strictObject({
      host: text.optional(),
      maintainer: text.optional(),
      sponsor: text.optional(),
      country: text.optional(),
      location: text.optional(),
      throughput: text.optional(),
    })
    .prefault({}),
  /** Where reports go, and where the list of downstreams comes from. */
  master: z
    .strictObject({
      url: webUrl,
      token_file: absolutePath,
      /** Take upstream, fallbacks and peers from the master as its tree changes. */
      follow_tree: z.boolean().prefault(false),
    })
    .optional(),
  /** Look at other mirrors from here, where the master asks for it. */
  vantage: z
    .strictObject({
      deadline: duration.prefault('20s'),
      concurrency: z.int().min(1).max(64).prefault(4),
      /** Ranges that may be gone to though they are not public. */
      allow_addresses: z.array(range).max(1000).prefault([]),
      /** Those of the system when left out. */
      name_servers: z.array(nameServer).min(1).max(10).optional(),
    })
    .optional(),
  /** The private key with which this mirror, as a hub, pushes to its downstreams. */
  push_key: absolutePath.optional(),
  /** The private key with which this mirror pulls over SSH; one in the state folder when left out. */
  pull_key: absolutePath.optional(),
  /** The host keys of upstreams, in OpenSSH's format, instead of those that the master tells. */
  known_hosts: absolutePath.optional(),
  /** Where the system's sshd lets downstreams pull over SSH, by the files of our state folder. */
  rsync_ssh: z
    .strictObject({
      url: z
        .string()
        .max(300)
        .regex(/^ssh:\/\/[^@\s/]+@[^\s/]+$/, {
          error: 'expected a URL such as "ssh://mirror@hub.example.org"',
        }),
      /** The public host key of that sshd, such as /etc/ssh/ssh_host_ed25519_key.pub. */
      host_key: absolutePath,
      rsync: absolutePath.prefault('/usr/bin/rsync'),
    })
    .optional(),
  ssh_server: z
    .strictObject({
      address: z.union([z.ipv4(), z.ipv6()]),
      port,
      host_key: absolutePath,
      max_connections: z.int().min(1).max(100_000).prefault(100),
      max_per_source: z.int().min(1).max(100_000).prefault(10),
    })
    .optional(),
  rsyncd: z
    .strictObject({
      address: z.union([z.ipv4(), z.ipv6()]),
      port: port.min(1, { error: 'expected a port number from 1 to 65535' }),
      /** Numeric addresses and networks; empty means everybody. */
      hosts_allow: z.array(range).prefault([]),
      /** Archives of this file that are not the master's to guard: anybody may pull them. */
      open: z.array(archiveName).max(1000).prefault([]),
    })
    .optional(),
  /** Who may send triggers to this mirror: its upstreams. */
  peer: z
    .array(
      z.strictObject({
        name: mirrorName,
        /** `ssh-ed25519 AAAA...` */
        key: z.string().min(1).max(16_384),
        /** Addresses and networks it may come from; left out means from anywhere. */
        from: z.array(range).prefault([]),
        /** The archives it may notify of; left out means all that this mirror carries. */
        archives: z.array(archiveName).min(1).optional(),
      }),
    )
    .max(1000)
    .prefault([]),
  archive: z.array(archive).min(1, { error: 'expected at least one [[archive]]' }).max(1000),
  /** How many archives are synced at once. */
  concurrency: z.int().min(1).max(64).prefault(2),
});

export type ArchiveConfig = z.output<typeof archive> & Pick<ArchiveSettings, 'accounts' | 'ssh'>;
export type AgentConfig = z.output<typeof schema>;

/** The schema with the rules that need more than one field. */
export const agentConfig = schema.superRefine((config, context) => {
  const problem = (path: (string | number)[], message: string, input: unknown) =>
    context.addIssue({ code: 'custom', path, message, input });

  config.archive.forEach((one, i) => {
    for (const [j, other] of config.archive.slice(0, i).entries()) {
      if (one.name === other.name) {
        problem(['archive', i, 'name'], `archive[${j}] has this name already`, one.name);
      }
      if (isInside(one.to, other.to) || isInside(other.to, one.to)) {
        const message = `expected a folder of its own, apart from that of "${other.name}" (${other.to})`;
        problem(['archive', i, 'to'], message, one.to);
      }
    }
    const { include, exclude } = one.architectures;
    if (include.length > 0 && exclude.length > 0) {
      const message = 'expected "include" or "exclude", not both';
      problem(['archive', i, 'architectures'], message, one.architectures);
    }
    if (isInside(one.to, config.state) || isInside(config.state, one.to)) {
      const message = `expected a folder apart from the state folder (${config.state})`;
      problem(['archive', i, 'to'], message, one.to);
    }
  });
  const carried = new Set(config.archive.map((one) => one.name));
  config.rsyncd?.open.forEach((name, i) => {
    if (!carried.has(name))
      problem(['rsyncd', 'open', i], 'expected an archive of this file', name);
  });
  config.peer.forEach((one, i) => {
    const first = config.peer.findIndex((other) => other.name === one.name);
    if (first !== i) problem(['peer', i, 'name'], `peer[${first}] has this name already`, one.name);
    one.archives?.forEach((name, j) => {
      if (carried.has(name)) return;
      problem(['peer', i, 'archives', j], 'expected an archive of this file', name);
    });
  });
});

/** Whether `path` is `folder` or below it; both absolute and without `..`. */
function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
