import type { Overview } from '../../monitor/overview.ts';
import { archiveCard, type ArchiveCard } from './archive-card.ts';
import { momentOf, type Moment } from './moment.ts';
import { rowOf } from './row.ts';
import { viewTable, type Table, type TableQuery } from './table.ts';
import { dotsOf, type Dot } from './world-map.ts';

/** Everything on the front page, in words; the template only places it. */
export interface NetworkPage {
  health: { level: string; sentence: string };
  at: Moment;
  archives: ArchiveCard[];
  /** Null without a mirror that says where it is. */
  map: Dot[] | null;
  table: Table;
}

export function networkPage(overview: Overview, query: TableQuery): NetworkPage {
  const { at, health } = overview;
  const rows = overview.archives.flatMap(({ mirrors, release }) =>
    mirrors.map((standing) => rowOf(standing, release?.serial ?? null, at)),
  );
  const dots = dotsOf(rows);
  return {
    health,
    at: momentOf(at, at),
    archives: overview.archives.map((archive) => archiveCard(archive, at)),
    map: dots.length === 0 ? null : dots,
    table: viewTable(rows, query, '/'),
  };
}
