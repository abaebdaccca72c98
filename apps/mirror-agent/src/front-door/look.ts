import {
  judgeHead,
  takeHead,
  takeHold,
  type Peer,
  type Receiver,
  type Stage,
} from '@pushmirror/trigger';
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
  /** It shows a head that is news here, and too many pull from it: again in so many seconds. */
  | { kind: 'full'; upstream: string; serial: number; reason: string; retryAfter: number }
  /** It shows a head that is not believed, or that could not be kept. */
  | { kind: 'refused'; upstream: string; reason: string }
  /** It shows no head. `sync` says whether to sync from it all the same. */
  | { kind: 'headless'; upstream: string; serial: string | undefined; sync: boolean }
  | { kind: 'failed'; reason: string };

/** Who a polled head comes from, in audit entries. */
export interface PolledPeer extends Peer {
  upstream: string;
}

export type MayPull = { go: true } | { go: false; retryAfter: number; reason: string };

export interface LookOptions {
  archive: ArchiveConfig;
  /** This mirror's name. */
  mirror: string;
  stateDir: string;
  receiver: Receiver;
  committed: () => Committed | undefined;
  /** Whether to pull a release that is news now. Never throws. */
  mayPull: (serial: number) => Promise<MayPull>;
  /** A head of this archive has been heard of before. */
  hasGoal: () => boolean;
  /** How far news may be taken now. */
  stage?: Stage;
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
      // Who may sign comes before what they have signed.
      if (view.signers !== undefined) await options.receiver.learnSigners?.(view.signers);
      // A hold first: it may be about the very head beside it.
      if (view.hold !== undefined) await takeHoldIn(options, url, view.hold);
      if (view.head !== undefined) return await takeIn(options, url, view.head, via);
      return judgeHeadless(options, url, view, via);
    } catch (error) {
      reason ||= `${url}: ${messageOf(error)}`;
    }
  }
  return { kind: 'failed', reason };
}

async function takeHoldIn(options: LookOptions, upstream: string, bytes: Buffer): Promise<void> {
  const peer: PolledPeer = { upstream };
  await takeHold({ bytes, via: 'poll', peer, archive: options.archive.name }, options.receiver);
}

async function takeIn(
  options: LookOptions,
  upstream: string,
  bytes: Buffer,
  via: PollVia,
): Promise<LookResult> {
  const peer: PolledPeer = { upstream };
  const archive = options.archive.name;
  const news = via === 'manual' ? undefined : await newsIn(options, bytes);
  if (news !== undefined) {
    const may = await options.mayPull(news);
    if (!may.go) {
      const { reason, retryAfter } = may;
      return { kind: 'full', upstream, serial: news, reason, retryAfter };
    }
  }
  const { stage = 'all' } = options;
  const taken = await takeHead({ bytes, via: 'poll', peer, archive, stage }, options.receiver);
  const { result, serial, reason = '', behind } = taken;
  if (result === 'accepted') return { kind: 'news', upstream, serial };
  if (result === 'duplicate' || behind === true) return { kind: 'nothing-new', upstream, serial };
  return { kind: 'refused', upstream, reason };
}

/** The serial of a head that would be taken as news. */
async function newsIn({ archive, receiver }: LookOptions, bytes: Buffer) {
  const judgement = judgeHead(bytes, {
    network: receiver.network,
    signers: receiver.signers(),
    carries: (name) => receiver.carries(name),
    archive: archive.name,
    now: receiver.now(),
    stored: await receiver.stored(archive.name),
  });
  return judgement.verdict === 'store' ? judgement.signed.head.serial : undefined;
}

function judgeHeadless(
  options: LookOptions,
  upstream: string,
  view: UpstreamView,
  via: PollVia,
): LookResult {
  const serial = view.archiveSerial;
  const waits = options.headsExpected && options.archive.mode === 'auto' && via !== 'manual';
  const staging = options.stage === 'stage1';
  const hasGoal = options.hasGoal();
  const shown = hasGoal ? view.release?.serial.toString() : serial;
  const sync = !waits && !staging && wantsSync(shown, options.committed()?.serial, hasGoal, via);
  return { kind: 'headless', upstream, serial, sync };
}

/**
 * Whether to sync from an upstream that publishes no head, in a network that may have none: by its `Archive serial`, and where it
 * has none, at each scheduled poll, as ftpsync would from cron. Where heads are known, an upstream
 * that shows none counts only when its serial, one of ours, is beyond what the tree holds.
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
