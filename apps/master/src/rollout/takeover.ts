import type { MirrorArchiveRow, PushRow, ReleaseRow } from '../db/schema.ts';
import { MASTER, type Tree } from '../registry/tree.ts';

type Times = Pick<PushRow, 'state' | 'updated_at'>;

/** A hub, its own push of a release, and the pushes of that release that it is to send. */
export interface HubNow {
  name: string;
  /** Undefined when it has none: it came later, or it is paused. */
  own: PushRow | undefined;
  release: Pick<ReleaseRow, 'phase' | 'phase_at' | 'serial'>;
  /** Open ones. */
  below: readonly Times[];
  /** When it last asked or told the master anything. */
  seenAt: Date | undefined;
  /** What a probe saw at its public address. */
  observed: Pick<MirrorArchiveRow, 'observed_serial' | 'observed_at'> | undefined;
  /** Since when all that it says of its syncs is that they fail. */
  failingSince?: Date | undefined;
}

/**
 * Why a hub does not do its work any more, in one sentence; undefined while it may. A hub that
 * cannot be reached shows by its own push, a frozen one by its silence, one that cannot get the release
 * by what it says, one that serves an old release by what the probe sees.
 */
export function whyDead(hub: HubNow, patienceMs: number, now: Date): string | undefined {
  const { own, name } = hub;
  const isOver = (...times: (string | Date | null | undefined)[]) => {
    const last = Math.max(...times.map((time) => new Date(time ?? 0).getTime()));
    return now.getTime() - last >= patienceMs;
  };
  const silent = `${name} has said nothing for too long`;
  if (own === undefined) return undefined;
  if (own.quarantined === 1) return `${name} is in quarantine`;
  switch (own.state) {
    case 'superseded':
      return undefined;
    case 'refused':
    case 'given-up':
      return `${name} did not take it (${own.state})`;
    case 'waiting':
    case 'sending':
    case 'unreachable':
      if (own.sent_at === null || !isOver(own.sent_at)) return undefined;
      return `${name} cannot be reached`;
    case 'accepted':
      if (hub.failingSince !== undefined && isOver(own.accepted_at, hub.failingSince)) {
        return `${name} fails to get it`;
      }
      return isOver(own.accepted_at, hub.seenAt) ? silent : undefined;
    case 'staged': {
      if (hub.release.phase === 'staging') return undefined;
      return isOver(own.staged_at, hub.release.phase_at, hub.seenAt) ? silent : undefined;
    }
    case 'committed': {
      if (isBehind(hub) && isOver(own.committed_at)) return `${name} serves an older release`;
      const due = hub.below.some(
        ({ state, updated_at: at }) =>
          (state === 'waiting' || state === 'sending' || state === 'staged') &&
          isOver(own.committed_at, at, hub.seenAt),
      );
      return due ? silent : undefined;
    }
  }
}

type Said = Pick<MirrorArchiveRow, 'said_event' | 'said_at'>;

/**
 * Since when a mirror's syncs fail, after what it said last. A sync that has just begun may be one
 * more that fails; one that has run for long makes good what was before.
 */
export function failingSinceAfter(
  before: Date | undefined,
  { said_event: event, said_at: at }: Said,
  patienceMs: number,
  now: Date,
): Date | undefined {
  if (event === 'failed') return before ?? now;
  if (event !== 'syncing' && event !== 'accepted') return undefined;
  return now.getTime() - new Date(at ?? 0).getTime() < patienceMs ? before : undefined;
}

/** Who sends in place of a dead hub: the nearest mirror above it that lives, or the master. */
export function adopterOf(
  hub: string,
  tree: Pick<Tree, 'ancestors'>,
  isLive: (mirror: string) => boolean,
): string {
  return tree.ancestors(hub).find(isLive) ?? MASTER;
}

function isBehind({ own, observed, release }: HubNow): boolean {
  const { observed_serial: serial, observed_at: at } = observed ?? {};
  if (typeof serial !== 'number' || typeof at !== 'string') return false;
  return at > (own?.committed_at ?? '') && serial < release.serial;
}
