import type { Overview } from '../../monitor/overview.ts';
import { archiveCard, type ArchiveCard } from './archive-card.ts';
import { partsOf, type Part } from './archive-card.ts';
import { momentOf, type Moment } from './moment.ts';
import { inTrouble, rowOf, type Row } from './row.ts';
import { viewTable, type Table, type TableQuery } from './table.ts';
import { counted } from './words.ts';
import { dotsOf, type Dot } from './world-map.ts';

/** Everything on the front page, in words; the template only places it. */
export interface NetworkPage {
  health: { level: string; sentence: string };
  at: Moment;
  archives: ArchiveCard[];
  /** Null without a mirror that says where it is. */
  map: Dot[] | null;
  /** The mirrors by their distance from the master. */
  tiers: { tier: number; href: string; words: string; parts: Part[] }[];
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
    tiers: tiersOf(rows),
    table: viewTable(rows, query, '/'),
  };
}

function tiersOf(rows: readonly Row[]): NetworkPage['tiers'] {
  const tiers = [...new Set(rows.map(({ tier }) => tier))].toSorted((a, b) => a - b);
  return tiers.map((tier) => {
    const its = rows.filter((row) => row.tier === tier);
    const bad = mirrorsOf(its.filter(inTrouble));
    const trouble = bad === 0 ? '' : `, ${bad} in trouble`;
    const words = `${counted(mirrorsOf(its), 'mirror')}${trouble}`;
    const parts = partsOf(its.map((row) => (inTrouble(row) ? 'bad' : row.tone)));
    return { tier, href: `/?tier=${tier}`, words, parts };
  });
}

function mirrorsOf(rows: readonly Row[]): number {
  return new Set(rows.map(({ mirror }) => mirror)).size;
}
