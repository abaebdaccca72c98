import { z } from 'zod';
import type {
  ArchiveRow,
  MirrorArchiveRow,
  MirrorRow,
  PushRow,
  ReleaseRow,
} from '../../db/schema.ts';
import type { MirrorStanding, Overview, RolloutOverview } from '../../monitor/overview.ts';
import { stockOf } from '../../registry/stock.ts';
import type { Tree } from '../../registry/tree.ts';
import { heldView } from '../../rollout/news-events.ts';
import { readPolicy, REST } from '../../rollout/policy.ts';
import { tally, type Tally } from '../../rollout/state.ts';
import type {
  archiveSchema,
  mirrorSchema,
  pushSchema,
  rolloutSchema,
  standingSchema,
  statusSchema,
  waveSchema,
} from './schemas.ts';

/** How rows look in the API. */
export function archiveView(
  row: ArchiveRow,
  serial: number | undefined,
): z.infer<typeof archiveSchema> {
  return {
    name: row.name,
    path: row.path,
    profile: row.profile,
    mode: row.mode,
    epoch: row.epoch,
    deleteLimit: row.delete_limit,
    addedAt: row.added_at,
    serial: serial ?? null,
  };
}

export function rolloutView(
  row: Omit<ReleaseRow, 'head'>,
  mirrors: Tally,
): z.infer<typeof rolloutSchema> {
  const { archive, serial, epoch, files, bytes, changed, dropped } = row;
  const { published_at: publishedAt, published_by: publishedBy } = row;
  return {
    archive,
    serial,
    epoch,
    publishedAt,
    publishedBy,
    files,
    bytes,
    changed,
    dropped,
    prunedAt: row.pruned_at,
    mirrors,
    urgent: row.urgent === 1,
    switch: row.switch,
    wave: row.wave,
    phase: row.phase,
    phaseAt: row.phase_at,
    publicAt: row.public_at,
    held: heldView(row),
  };
}

/** The waves of a release, the rest last; of one without waves none. */
export function wavesView(
  row: Pick<ReleaseRow, 'waves' | 'wave' | 'phase' | 'public_at'>,
  counts: readonly { wave: number; state: PushRow['state']; count: number }[],
): z.infer<typeof waveSchema>[] {
  const { waves } = readPolicy(row.waves);
  if (waves.length === 0) return [];
  return [...waves.map(({ name }) => name), REST].map((name, wave) => {
    const mirrors = tally(counts.filter((count) => count.wave === wave));
    return { name, state: waveState(row, wave, mirrors), mirrors };
  });
}

/** When all may have it nothing is left to decide, but the last wave is still on its way. */
function waveState(
  { wave: reached, phase, public_at: publicAt }: Parameters<typeof wavesView>[0],
  wave: number,
  mirrors: Tally,
): z.infer<typeof waveSchema>['state'] {
  if (wave < reached) return 'done';
  if (phase !== 'done') return wave === reached ? 'now' : 'later';
  if (wave > reached || publicAt === null) return 'skipped'; // A newer release took over.
  return mirrors.open > 0 ? 'now' : 'done';
}

export function pushView(row: PushRow, tier: number): z.infer<typeof pushSchema> {
  return {
    mirror: row.mirror,
    tier,
    sender: row.sender,
    state: row.state,
    attempts: row.attempts,
    reason: row.reason,
    updatedAt: row.updated_at,
    sentAt: row.sent_at,
    acceptedAt: row.accepted_at,
    stagedAt: row.staged_at,
    committedAt: row.committed_at,
    wave: row.wave,
    leftBehindAt: row.left_behind_at,
    observedAt: row.observed_at,
  };
}

export function mirrorView(
  row: MirrorRow,
  optIns: readonly MirrorArchiveRow[],
  tree: Tree,
): z.infer<typeof mirrorSchema> {
  return {
    name: row.name,
    kind: row.kind,
    state: row.state,
    stateReason: row.state_reason,
    stateAt: row.state_at,
    tier: tree.tier(row.name),
    upstream: row.upstream,
    sender: tree.senderOf(row.name),
    ssh: { host: row.ssh_host, port: row.ssh_port, user: row.ssh_user },
    hostKey: row.host_key,
    pushKey: row.push_key,
    httpUrl: row.http_url,
    rsyncUrl: row.rsync_url,
    country: row.country,
    contact: row.contact,
    contactPublic: row.contact_public === 1,
    sponsor: row.sponsor,
    bandwidth: row.bandwidth,
    addresses: row.addresses === null ? [] : z.array(z.string()).parse(JSON.parse(row.addresses)),
    addedAt: row.added_at,
    slots: row.slots,
    standing: row.standing === 1,
    quarantinedAt: row.quarantined_at,
    quarantineReason: row.quarantine_reason,
    stock: stockOf(row) ?? null,
    archives: optIns.filter((optIn) => optIn.mirror === row.name).map(claimView),
  };
}

function claimView(row: MirrorArchiveRow) {
  return {
    archive: row.archive,
    serial: row.served_serial,
    servedAt: row.served_at,
    event: row.said_event,
    eventSerial: row.said_serial,
    eventAt: row.said_at,
    reason: row.said_reason,
    rsyncCode: row.said_rsync_code,
    retryAt: row.retry_at,
    heardAt: row.heard_at,
  };
}

export function statusView(network: string, overview: Overview): z.infer<typeof statusSchema> {
  return {
    network,
    at: overview.at.toISOString(),
    health: overview.health,
    archives: overview.archives.map(({ name, release, rollout, reporting, current, mirrors }) => ({
      name,
      serial: release?.serial ?? null,
      publishedAt: release?.published_at ?? null,
      rollout: rollout === null ? null : rolloutOverview(rollout),
      reporting,
      current,
      mirrors: mirrors.map(standingView),
    })),
  };
}

/** Without who did it: that is nobody's business. */
export function rolloutOverview({ release, counts }: RolloutOverview) {
  const { serial, switch: how, wave, phase, public_at: publicAt } = release;
  const { held_at: at, held_reason: reason } = release;
  return {
    serial,
    switch: how,
    wave,
    phase,
    publicAt,
    held: at === null ? null : { at, reason },
    waves: wavesView(release, counts),
    mirrors: tally(counts),
  };
}

function standingView(standing: MirrorStanding): z.infer<typeof standingSchema> {
  const { mirror, kind, tier, upstream, country, state, words, serial, reason } = standing;
  return {
    mirror,
    kind,
    tier,
    upstream,
    country,
    state,
    words,
    serial,
    reason,
    leftBehind: standing.leftBehind,
    lagSerials: standing.lag?.serials ?? 0,
    lagSeconds: Math.round((standing.lag?.ms ?? 0) / 1000),
    at: standing.at?.toISOString() ?? null,
  };
}
