import { listArchives } from '../../db/archives.ts';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { writePropagation } from '../../db/probe-sums.ts';
import { pushesOf } from '../../db/pushes.ts';
import { listReleases } from '../../db/releases.ts';
import type { MirrorRow, PushRow, ReleaseRow } from '../../db/schema.ts';
import type { PropagationRow } from '../../db/sight-schema.ts';
import { treeOf } from '../../registry/tree.ts';
import { spreadOf } from './spread.ts';

/** Of each archive so many releases may still spread; what older ones reached stays as it is. */
const RELEASES = 3;

/** Stands for all tiers. */
const ALL = 0;

/** Work out how the newest releases have spread; call it again and again. */
export function createPropagation(db: Db, now: () => Date): () => Promise<void> {
  /** What the pushes of a release were when they were last counted. */
  const counted = new Map<string, string>();

  return async () => {
    const mirrors = await listMirrors(db);
    for (const { name: archive } of await listArchives(db)) {
      for (const release of await listReleases(db, { archive, limit: RELEASES })) {
        const pushes = await pushesOf(db, archive, release.serial);
        const key = `${archive} ${release.serial}`;
        const is = fingerprint(pushes);
        if (pushes.length === 0 || counted.get(key) === is) continue;
        const rows = propagationOf(release, pushes, mirrors, now());
        await db.transaction().execute(async (trx) => {
          for (const row of rows) await writePropagation(trx, row);
        });
        counted.delete(key);
        counted.set(key, is);
      }
    }
    for (const key of [...counted.keys()].slice(0, -1_000)) counted.delete(key);
  };
}

/** By what mirrors report and by what is seen; for all tiers, and for each. */
export function propagationOf(
  release: Pick<ReleaseRow, 'archive' | 'serial' | 'published_at'>,
  pushes: readonly PushRow[],
  mirrors: readonly MirrorRow[],
  now: Date,
): PropagationRow[] {
  const byName = new Map(mirrors.map((mirror) => [mirror.name, mirror]));
  const tree = treeOf(mirrors);
  const begun = new Date(release.published_at).getTime();
  const counted = pushes.flatMap((push) => {
    const mirror = byName.get(push.mirror);
    return mirror === undefined || push.quarantined === 1
      ? []
      : [{ push, mirror, tier: tree.tier(mirror.name) }];
  });
  const tiers = [ALL, ...new Set(counted.map(({ tier }) => tier))].toSorted((a, b) => a - b);
  return BASES.flatMap(({ basis, canShow, at }) =>
    tiers.flatMap((tier): PropagationRow[] => {
      const some = counted.filter(
        (one) => canShow(one.mirror) && (tier === ALL || one.tier === tier),
      );
      if (some.length === 0) return [];
      const spread = spreadOf(
        some.map(({ push }) => {
          const time = at(push);
          return time === null ? null : new Date(time).getTime() - begun;
        }),
      );
      return [
        {
          archive: release.archive,
          serial: release.serial,
          basis,
          tier,
          mirrors: spread.mirrors,
          reached: spread.reached,
          p50_ms: spread.p50,
          p90_ms: spread.p90,
          p95_ms: spread.p95,
          p100_ms: spread.p100,
          updated_at: now.toISOString(),
        },
      ];
    }),
  );
}

const BASES: {
  basis: PropagationRow['basis'];
  /** Whether a mirror can be counted by this at all. */
  canShow: (mirror: MirrorRow) => boolean;
  at: (push: PushRow) => string | null;
}[] = [
  { basis: 'committed', canShow: ({ kind }) => kind === 'agent', at: (push) => push.committed_at },
  {
    basis: 'observed',
    canShow: ({ http_url: http, rsync_url: rsync }) => http !== null || rsync !== null,
    at: (push) => push.observed_at,
  },
];

function fingerprint(pushes: readonly PushRow[]): string {
  let last = '';
  let seen = 0;
  for (const { updated_at: at, observed_at: observed } of pushes) {
    if (at > last) last = at;
    if (observed !== null) seen += 1;
  }
  return `${pushes.length} ${last} ${seen}`;
}
