/**
 * What a trace file says (`project/trace/NAME`): when a mirror was last brought up to date, by whom,
 * from where. The fields down to `averageRate` are ftpsync's, in its order; then come ours.
 */
export interface TraceFile {
  /** When the sync ended. Absent after parsing what is hardly a trace file. */
  date?: Date;
  dateStarted?: Date;
  /** Digits, from the master's trace; with us it is the head's serial. */
  archiveSerial?: string;
  /** Kept for tools that look for it. */
  usedFtpsyncVersion?: string;
  /** The program and its version: `pushmirror 0.1.0`, `ftpsync 20180513`. */
  creator?: string;
  runningOnHost?: string;
  maintainer?: string;
  sponsor?: string;
  /** ISO 3166-1, two letters. */
  country?: string;
  location?: string;
  /** As people write it: `10Gb`. */
  throughput?: string;
  /** What began the sync: `cron`, `ssh`, `push`, `poll`. */
  trigger?: string;
  /** The architectures found in the tree, `source` among them. */
  architectures?: string[];
  architecturesConfiguration?: ArchitecturesConfiguration;
  /** A host name. */
  upstreamMirror?: string;
  /** `plain`, `ssh` or `ssl`; ftpsync writes `undefined` for plain rsync. */
  rsyncTransport?: string;
  /** Features that the mirroring program has, such as `i18n` and `AUIP`. */
  revision?: string[];
  bytesReceived?: number;
  secondsStage1?: number;
  secondsStage2?: number;
  seconds?: number;
  /** Bytes a second. */
  averageRate?: number;
  /** The network and the archive that the head names. */
  network?: string;
  archive?: string;
  /** The head that the tree stands at. */
  head?: { epoch: number; serial: number };
  /** When that head was issued. */
  headIssued?: Date;
  /** Digest (64 hex digits) and size of the manifest's root that the head names. */
  manifest?: { sha256: string; bytes: number };
  /** How the sync went: `classic` or `manifest`. */
  mode?: string;
  /** Lines of others that we do not know, in their order. */
  others?: { name: string; value: string }[];
}

/** Which architectures a mirror is set to carry. */
export type ArchitecturesConfiguration =
  | { kind: 'all' }
  | { kind: 'include' | 'exclude'; architectures: string[] };
