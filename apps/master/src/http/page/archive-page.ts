import type { ArchiveOverview } from '../../monitor/overview.ts';
import type { Propagation } from '../../monitor/propagation.ts';
import type { ReleaseRow } from '../../db/schema.ts';
import { archiveCard, type ArchiveCard } from './archive-card.ts';
import { timeChart, type Chart } from './chart.ts';
import { momentOf, type Moment } from './moment.ts';
import { rowOf } from './row.ts';
import { viewTable, type Table, type TableQuery } from './table.ts';
import { bytes, counted, number, span } from './words.ts';

/** Everything on an archive's page. */
export interface ArchivePage {
  name: string;
  at: Moment;
  card: ArchiveCard;
  /** How long releases took to reach half, nine tenths and all of the mirrors. */
  curves: Chart | null;
  releases: ReleaseLine[];
  table: Table;
}

export interface ReleaseLine {
  serial: number;
  published: Moment;
  contents: string;
  changed: string;
  reached: string;
  shares: string[];
  note: string | null;
}

export type KnownRelease = Pick<
  ReleaseRow,
  'serial' | 'published_at' | 'files' | 'bytes' | 'changed' | 'dropped' | 'held_at' | 'public_at'
> & { propagation: Propagation | null };

/** `releases`: newest first. */
export function archivePage(
  archive: ArchiveOverview,
  releases: readonly KnownRelease[],
  query: TableQuery,
  now: Date,
): ArchivePage {
  const path = `/archives/${encodeURIComponent(archive.name)}`;
  const rows = archive.mirrors.map((one) => rowOf(one, archive.release?.serial ?? null, now));
  return {
    name: archive.name,
    at: momentOf(now, now),
    card: archiveCard(archive, now),
    curves: curvesOf(releases.toReversed()) ?? null,
    releases: releases.map((release) => releaseLine(release, now)),
    table: viewTable(rows, { ...query, sort: query.sort === '' ? '-lag' : query.sort }, path),
  };
}

function curvesOf(releases: readonly KnownRelease[]): Chart | undefined {
  const known = releases.flatMap(({ propagation }) => propagation ?? []);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2) return undefined;
  return timeChart(
    [
      { name: '50 %', tone: 'good', values: known.map(({ p50 }) => p50) },
      { name: '90 %', tone: 'moving', values: known.map(({ p90 }) => p90) },
      { name: '100 %', tone: 'bad', values: known.map(({ p100 }) => p100) },
    ],
    { from: String(first.serial), to: String(last.serial) },
  );
}

function releaseLine(release: KnownRelease, now: Date): ReleaseLine {
  const { propagation: how } = release;
  return {
    serial: release.serial,
    published: momentOf(release.published_at, now),
    contents: `${counted(release.files, 'file')}, ${bytes(release.bytes)}`,
    changed: `${number(release.changed)} changed, ${number(release.dropped)} dropped`,
    reached: how === null || how.mirrors === 0 ? '' : `${how.committed} of ${how.mirrors}`,
    shares: [how?.p50, how?.p90, how?.p95, how?.p100].map((ms) =>
      ms === null || ms === undefined ? '–' : span(ms),
    ),
    note: release.held_at !== null ? 'held' : release.public_at === null ? 'not public' : null,
  };
}
