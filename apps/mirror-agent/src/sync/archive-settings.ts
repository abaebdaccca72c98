import type { ProfileName } from '@pushmirror/manifest';
import type { SshPull } from './over-ssh.ts';
import type { Upstream } from './upstream-url.ts';

/**
 * What a sync needs to know of one archive. An `[[archive]]` of the configuration file has this
 * shape; durations are milliseconds, sizes bytes.
 */
export interface ArchiveSettings {
  name: string;
  /** The folder that readers are served from. */
  to: string;
  profile: ProfileName;
  /** `rsync://[user@]host[:port]/module[/path]` or `ssh://user@host[:port]/module[/path]`. */
  upstream: string;
  /** Tried in this order when the upstream cannot be used. */
  fallbacks: readonly string[];
  password_file?: string | undefined;
  /** The accounts that the master gave us, for upstreams that are asked for without a user. */
  accounts?: AccountOf | undefined;
  /** For upstreams that are pulled from over SSH. */
  ssh?: SshPull | undefined;
  mode: 'auto' | 'classic';
  /** The longest time that one sync may take, waits included. */
  deadline: number;
  /** KiB per second. */
  bandwidth_limit?: number | undefined;
  max_delete: number;
  /** How long what a release dropped stays for readers who are still at the one before. */
  delete_after?: number | undefined;
  include: readonly string[];
  exclude: readonly string[];
  architectures: Architectures;
  hooks: { [hook in HookName]?: readonly string[] | undefined };
  /** How long to wait, and how often to come back, while the upstream is itself in a sync. */
  upstream_busy: { wait: number; retries: number };
  /** Free space to leave on the disk. */
  min_free: number;
}

/** The account at an upstream, with the file of its secret; undefined when there is none. */
export type AccountOf = (
  upstream: Pick<Upstream, 'host' | 'port'>,
) => { user: string; passwordFile: string } | undefined;

/** Which architectures are mirrored; one of the two lists at most, as in ftpsync. */
export interface Architectures {
  include: readonly string[];
  exclude: readonly string[];
}

/** ftpsync's five points: before, after stage 1, after stage 2, after the trace file, after relaying. */
export type HookName = 'hook1' | 'hook2' | 'hook3' | 'hook4' | 'hook5';

/** What the trace file says about this mirror. */
export interface TraceSettings {
  host?: string | undefined;
  maintainer?: string | undefined;
  sponsor?: string | undefined;
  country?: string | undefined;
  location?: string | undefined;
  throughput?: string | undefined;
}
