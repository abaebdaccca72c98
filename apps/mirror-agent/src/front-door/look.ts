import { takeHead, type Peer, type Receiver } from '@pushmirror/trigger';
import type { Committed } from '../committed.ts';
import type { ArchiveConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { lookAtUpstream, parseUpstream, type UpstreamView } from '../sync/upstream.ts';
import type { PollVia } from './poll.ts';

/** What came of asking the upstream for news. */
export type LookResult =
  /** It shows a head that is news here. */
  | { kind: 'news'; upstream: string; serial: number | undefined }
  | { kind: 'nothing-new'; upstream: string; serial: number | undefined }
  /** It shows a head that is not believed, or that could not be kept. */
  | { kind: 'refused'; upstream: string; reason: string }
  /** It shows no head. `sync` says whether to sync from it all the same. */
  | { kind: 'headless'; upstream: string; serial: string | undefined; sync: boolean }
  | { kind: 'failed'; reason: string };

/** Who a polled head comes from, in audit entries. */
export interface PolledPeer extends Peer {
  upstream: string;
}

export interface LookOptions {
  archive: ArchiveConfig;
  /** This mirror's name. */
  mirror: string;
  stateDir: string;
  receiver: Receiver;
  committed: () => Committed | undefined;
  /** A head of this archive has been heard of before. */
  hasGoal: () => boolean;
  /** The network has a master of ours: each release there is has a head. */
  headsExpected: boolean;
  signal: AbortSignal;
}

/**
 * Fetch the upstream's head and nothing else, and take it in; where the upstream cannot be reached,
 * the first of the fallbacks that can. Never throws: all that may go wrong is a result.
 */
export async function lookForNews(options: LookOptions, via: PollVia): Promise<LookResult> {
  const { archive } = options;
  let reason = '';
  for (const url of [archive.upstream, ...archive.fallbacks]) {
    try {
      const upstream = parseUpstream(url);
      const { mirror, stateDir, signal } = options;
      const view = await lookAtUpstream({ archive, mirror, upstream, stateDir, signal });
      if (view.head !== undefined) return await takeIn(options, url, view.head);
      return judgeHeadless(options, url, view, via);
    } catch (error) {
      reason ||= `${url}: ${messageOf(error)}`;
    }
  }
  return { kind: 'failed', reason };
}

async function takeIn(options: LookOptions, upstream: string, bytes: Buffer): Promise<LookResult> {
  const peer: PolledPeer = { upstream };
  const archive = options.archive.name;
  const taken = await takeHead({ bytes, via: 'poll', peer, archive }, options.receiver);
  const { result, serial, reason = '', behind } = taken;
  if (result === 'accepted') return { kind: 'news', upstream, serial };
  if (result === 'duplicate' || behind === true) return { kind: 'nothing-new', upstream, serial };
  return { kind: 'refused', upstream, reason };
}

function judgeHeadless(
  options: LookOptions,
  upstream: string,
  view: UpstreamView,
  via: PollVia,
): LookResult {
  const serial = view.archiveSerial;
  const waits = options.headsExpected && options.archive.mode === 'auto' && via !== 'manual';
  const sync = !waits && wantsSync(serial, options.committed()?.serial, options.hasGoal(), via);
  return { kind: 'headless', upstream, serial, sync };
}

/**
 * Whether to sync from an upstream that publishes no head, in a network that may have none: by its `Archive serial`, and where it
 * has none, at each scheduled poll, as ftpsync would from cron. Where heads are known, an upstream
 * that shows none counts only when its serial is beyond what the tree holds.
 */
export function wantsSync(
  serial: string | undefined,
  committed: string | undefined,
  hasGoal: boolean,
  via: PollVia,
): boolean {
  if (serial === undefined) return !hasGoal || via === 'manual';
  if (committed === undefined) return true;
  return hasGoal ? Number(serial) > Number(committed) : serial !== committed;
}
