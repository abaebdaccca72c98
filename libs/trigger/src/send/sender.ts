import type { Reply } from '../wire/reply.ts';

/** Where a push goes. Host, user and key come from checked configuration, never from a trigger. */
export interface PushTarget {
  /** The mirror's name, for states and messages. */
  mirror: string;
  host: string;
  port: number;
  user: string;
  /** The pinned host key, `ssh-ed25519 AAAA...`: any other key is refused. */
  hostKey: string;
  /**
   * `ftpsync`: a stock mirror, which says nothing but an exit code. An `agent` (the default) that
   * ends without a reply has not answered.
   */
  kind?: 'agent' | 'ftpsync';
  /** The mirror's settings allow a connection to be kept open between pushes. */
  standing?: boolean;
}

/** What became of one attempt. */
export type Outcome =
  /** The agent answered. `exitCode` is the forced command's. */
  | { kind: 'replied'; reply: Reply; exitCode: number }
  /** A stock mirror's command ended without our reply line: its exit code is all there is. */
  | { kind: 'ended'; exitCode: number; output: string }
  /** A stock mirror's command still ran when we stopped to wait for it. */
  | { kind: 'running' }
  /** No answer was had; worth another attempt. */
  | { kind: 'unreachable'; reason: string }
  /** The host is not who it should be, or does not let us in: another attempt will not help soon. */
  | { kind: 'rejected'; reason: string };

export interface SendLimits {
  /** Milliseconds for the attempt; of a stock mirror, until its command has begun. */
  deadlineMs: number;
  signal?: AbortSignal;
  /** A stock mirror's command ends when its sync does, which may take hours. */
  stock?: StockLimits;
}

export interface StockLimits {
  /** Milliseconds from the command's begin until nobody waits for its end any more. */
  runMs: number;
  /** Called once, when the command has begun, or is taken to have. */
  onBegun: () => void;
}

/** Sends the SSH exec string of one trigger; ssh2 and OpenSSH both stand behind it. */
export interface Sender {
  /** Never throws; the attempt ends by the limits' deadline or when their signal aborts. */
  send(target: PushTarget, command: string, limits: SendLimits): Promise<Outcome>;
  /** Close what is open. */
  close(): Promise<void>;
}
