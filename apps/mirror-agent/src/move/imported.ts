/** A line of what was imported that has no counterpart here. Line 0 is none of the file. */
export interface LeftOut {
  line: number;
  what: string;
  why: string;
}

/** The [[archive]] part of mirror-agent.toml. */
export interface ArchiveToml {
  name: string;
  to: string;
  upstream: string;
  password_file?: string;
  bandwidth_limit?: number;
  max_delete?: number;
  include: string[];
  exclude: string[];
  architectures: { include: string[]; exclude: string[] };
  upstream_busy: { wait: string; retries: number };
  hooks: Record<string, string[]>;
  callback?: { host: string; user: string; key: string };
}

/** What another program's settings come to. */
export interface Imported {
  name: string;
  trace: Record<string, string | undefined>;
  archive: ArchiveToml;
  /** For the password file. */
  password: string | undefined;
  /** How many of its settings that program knows, too; none: it is a file of another kind. */
  known: number;
  leftOut: LeftOut[];
}
