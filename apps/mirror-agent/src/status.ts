import { holdCovers, type Hold, type SignedHead, type SignedHold } from '@pushmirror/trigger';
import type { Committed } from './committed.ts';
import type { ConvergerStatus } from './converge/converge.ts';
import type { LookResult } from './front-door/look.ts';
import type { Withheld } from './master-head.ts';
import type { RelayStatus } from './relay/relay.ts';

/** Where one archive stands; times are ISO 8601. Part of `mirror-agent status --json`. */
export interface ArchiveStatus {
  archive: string;
  /**
   * `staged`: all of the goal is here, and waits for the word to commit it. `waiting`: the same,
   * but it cannot be staged (classic mode). `held`: a hold covers it.
   */
  state: ConvergerStatus['state'] | 'held' | 'unknown';
  /** What the tree is at: the head's serial, or the upstream's `Archive serial`. */
  serial?: number | string;
  /** The newest serial heard of. */
  goal?: number;
  /** The serial that is staged. */
  staged?: number;
  /** The hold that covers the goal. */
  held?: { serial: number; sequence: number; since: string; reason?: string };
  /** The newest head's end of validity. In the past: nothing has been heard for too long. */
  expires?: string;
  upstream: string;
  lastSync?: { at: string; bytes: number; seconds: number };
  lastError?: { at: string; reason: string; retryAt?: string };
  lastPoll?: { at: string; result: string; reason?: string };
  /** The master is at this serial, and the upstream has not shown it since. */
  withheld?: { serial: number; since: string };
  relay?: RelayStatus;
}

export interface AgentStatus {
  mirror: string;
  network: string;
  /** Whether a daemon answered; otherwise this is what its files say. */
  running: boolean;
  archives: ArchiveStatus[];
  downstreams?: number;
  /** Reports that the master has not acknowledged. */
  reports?: { waiting: number; lastError?: string };
  sshServer?: { address: string; port: number; connections: number };
  rsyncd?: { address: string; port: number };
}

/** What is known about an archive, in the form in which it is shown. */
export interface KnownArchive {
  archive: string;
  upstream: string;
  state: ArchiveStatus['state'];
  goal?: SignedHead | undefined;
  committed?: Committed | undefined;
  staged?: SignedHead | undefined;
  hold?: SignedHold | undefined;
  lastFailure?: ConvergerStatus['lastFailure'];
  lastPoll?: { at: Date; result: LookResult } | undefined;
  withheld?: Withheld | undefined;
  relay?: ArchiveStatus['relay'];
}

export function archiveStatus(known: KnownArchive): ArchiveStatus {
  const { archive, upstream, state, goal, committed, lastFailure, lastPoll, withheld } = known;
  const serial = committed?.signed?.head.serial ?? committed?.serial;
  const hold = known.hold?.hold;
  const isCommitted = goal !== undefined && goal.head.serial === serial;
  const held = goal !== undefined && !isCommitted && holdCovers(hold, goal.head) ? hold : undefined;
  return {
    archive,
    state: held !== undefined && (state === 'staged' || state === 'waiting') ? 'held' : state,
    ...(known.staged === undefined ? {} : { staged: known.staged.head.serial }),
    ...(held === undefined ? {} : { held: holdText(held) }),
    ...(serial === undefined ? {} : { serial }),
    ...(goal === undefined
      ? {}
      : { goal: goal.head.serial, expires: goal.head.expires.toISOString() }),
    upstream,
    ...(committed === undefined
      ? {}
      : {
          lastSync: {
            at: committed.at.toISOString(),
            bytes: committed.bytes,
            seconds: committed.seconds,
          },
        }),
    ...(lastFailure === undefined ? {} : { lastError: failureText(lastFailure) }),
    ...(lastPoll === undefined ? {} : { lastPoll: pollText(lastPoll) }),
    ...(withheld === undefined
      ? {}
      : { withheld: { serial: withheld.serial, since: withheld.since.toISOString() } }),
    ...(known.relay === undefined ? {} : { relay: known.relay }),
  };
}

function holdText({ serial, sequence, issued, reason }: Hold) {
  const why = reason === undefined ? {} : { reason };
  return { serial, sequence, since: issued.toISOString(), ...why };
}

function failureText({ at, reason, retryAt }: NonNullable<ConvergerStatus['lastFailure']>) {
  const again = retryAt === undefined ? {} : { retryAt: retryAt.toISOString() };
  return { at: at.toISOString(), reason, ...again };
}

function pollText({ at, result }: { at: Date; result: LookResult }) {
  const reason = 'reason' in result ? { reason: result.reason } : {};
  return { at: at.toISOString(), result: result.kind, ...reason };
}
