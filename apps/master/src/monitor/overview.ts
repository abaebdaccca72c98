import { listArchives } from '../db/archives.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { countWaves, pushesOf } from '../db/pushes.ts';
import { currentRelease, publicRelease, releaseTimes } from '../db/releases.ts';
import type { ArchiveRow, MirrorArchiveRow, MirrorRow, PushRow, ReleaseRow } from '../db/schema.ts';
import { listBriefSightings, type BriefSighting } from '../db/sightings.ts';
import { treeOf } from '../registry/tree.ts';
import { byName } from './by-name.ts';
import { healthOf, type Health } from './health.ts';
import { standingOf, type Standing } from './standing.ts';

/** Lag is counted over so many releases at most. */
const RELEASES_LOOKED_AT = 500;

/** One mirror's standing with one archive. */
export interface MirrorStanding extends Standing {
  mirror: string;
  archive: string;
  kind: MirrorRow['kind'];
  tier: number;
  upstream: string | null;
  country: string | null;
  httpUrl: string | null;
  /** What was last seen at its public address, beside what it says; null when nobody looked yet. */
  observed: Observed | null;
  /** The newest look of the master's probe, with what it found the mirror to be. */
  sight: BriefSighting | null;
  quarantinedAt: Date | null;
}

export interface Observed {
  /** Null when no believable head was seen; then there is a reason. */
  serial: number | null;
  at: Date;
  reason: string | null;
}

export interface ArchiveOverview {
  name: string;
  /** The newest release that is public; null when none is. */
  release: Pick<ReleaseRow, 'serial' | 'files' | 'bytes' | 'published_at' | 'expires_at'> | null;
  /** The newest release of all, public or not; null when nothing was published. */
  rollout: RolloutOverview | null;
  /** Of the mirrors that can report: all, and those that report the newest release. */
  reporting: number;
  current: number;
  /** By tier, then by name. */
  mirrors: MirrorStanding[];
}

/** How far a release is. */
export interface RolloutOverview {
  release: Omit<ReleaseRow, 'head'>;
  /** How many pushes of each wave are in each state. */
  counts: { wave: number; state: PushRow['state']; count: number }[];
}

/** What the public may know of the whole network. */
export interface Overview {
  at: Date;
  health: Health;
  archives: ArchiveOverview[];
}

/** Read how the network stands. */
export async function readOverview(db: DbOrTrx, now: Date): Promise<Overview> {
  const mirrors = await listMirrors(db);
  const archives: ArchiveOverview[] = [];
  for (const archive of await listArchives(db)) {
    archives.push(await readArchive(db, archive, mirrors, now));
  }
  const health = healthOf(archives.flatMap((archive) => archive.mirrors));
  return { at: now, health, archives };
}

async function readArchive(
  db: DbOrTrx,
  archive: ArchiveRow,
  mirrors: readonly MirrorRow[],
  now: Date,
): Promise<ArchiveOverview> {
  const release = await publicRelease(db, archive.name);
  const newest = await currentRelease(db, archive.name);
  const pushes = newest === undefined ? [] : await pushesOf(db, archive.name, newest.serial);
  const pushTo = new Map(pushes.map((push) => [push.mirror, push]));
  const optIns = await listOptIns(db, { archive: archive.name });
  const releases = (await releaseTimes(db, archive.name, RELEASES_LOOKED_AT)).map((row) => ({
    serial: row.serial,
    publishedAt: new Date(row.public_at),
  }));
  const known = new Map(mirrors.map((mirror) => [mirror.name, mirror]));
  const sights = new Map(
    (await listBriefSightings(db, archive.name)).map((sight) => [sight.mirror, sight]),
  );
  const tree = treeOf(mirrors);
  const standings = optIns.flatMap((optIn) => {
    const mirror = known.get(optIn.mirror);
    if (mirror === undefined || mirror.state === 'left') return [];
    const facts = factsOf(mirror, optIn, pushTo.get(mirror.name));
    const standing = standingOf({ ...facts, releases }, now);
    const observed = observedOf(optIn);
    const sight = sights.get(mirror.name) ?? null;
    const tier = tree.tier(mirror.name);
    if (mirror.state === 'suspended') standing.words = 'suspended by an administrator';
    return [{ ...standing, ...publicFacts(mirror, archive.name, tier), observed, sight }];
  });
  standings.sort((a, b) => a.tier - b.tier || byName(a.mirror, b.mirror));
  const reporting = standings.filter(({ state }) => state !== 'silent' && state !== 'paused');
  return {
    name: archive.name,
    release: release ?? null,
    rollout:
      newest === undefined ? null : { release: newest, counts: await countWaves(db, newest) },
    reporting: reporting.length,
    current: reporting.filter(({ state }) => state === 'current').length,
    mirrors: standings,
  };
}

function factsOf(mirror: MirrorRow, optIn: MirrorArchiveRow, push: PushRow | undefined) {
  const { said_event: event, said_at: at, said_serial: serial, said_reason: reason } = optIn;
  return {
    kind: mirror.kind,
    paused: mirror.state === 'paused' || mirror.state === 'suspended',
    servedSerial: optIn.served_serial,
    said: event === null || at === null ? null : { event, serial, at: new Date(at), reason },
    push:
      push === undefined
        ? null
        : {
            state: push.state,
            reason: push.reason,
            at: new Date(push.updated_at),
            leftBehind: push.left_behind_at !== null,
          },
  };
}

function publicFacts(mirror: MirrorRow, archive: string, tier: number) {
  const { name, kind, upstream, country, http_url: httpUrl, quarantined_at: since } = mirror;
  const quarantinedAt = since === null ? null : new Date(since);
  return { mirror: name, archive, kind, tier, upstream, country, httpUrl, quarantinedAt };
}

function observedOf(optIn: MirrorArchiveRow): Observed | null {
  const { observed_at: at, observed_serial: serial, observed_reason: reason } = optIn;
  return at === null ? null : { serial, at: new Date(at), reason };
}
