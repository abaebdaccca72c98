import { byName } from '../../monitor/by-name.ts';
import { countryName } from '../../geo/iso-3166.ts';
import { inTrouble, type Row, type Tone } from './row.ts';
import { counted, number } from './words.ts';

/** What the address of a page asks of its table: all of it stands in the URL, so that it can be kept. */
export interface TableQuery {
  archive: string;
  tier: string;
  country: string;
  state: string;
  q: string;
  sort: string;
  page: number;
}

/** A table of mirrors as the reader asked for it. */
export interface Table {
  query: TableQuery;
  rows: Row[];
  /** How many rows match, and how many there are. */
  found: number;
  total: number;
  columns: {
    title: string;
    /** Where a click on the head leads. */
    href: string;
    order: 'ascending' | 'descending' | null;
  }[];
  pages: { count: number; previous: string | null; next: string | null };
  /** What one can choose from. */
  choices: { archives: string[]; tiers: number[]; countries: { code: string; name: string }[] };
  states: Record<string, { title: string }>;
  filtered: boolean;
  /** Whether rows of more than one archive are in it. */
  several: boolean;
  /** How many rows there are, in words. */
  words: string;
}

const PER_PAGE = 200;
const LONGEST = 100;
const STATES: Record<string, { title: string; tone: Tone }> = {
  good: { title: 'up to date', tone: 'good' },
  moving: { title: 'on its way', tone: 'moving' },
  trouble: { title: 'in trouble', tone: 'bad' },
  quiet: { title: 'paused or silent', tone: 'quiet' },
};
const SEVERITY: Record<Tone, number> = { bad: 0, moving: 1, quiet: 2, good: 3 };

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const COLUMNS: { key: string; title: string; compare: (a: Row, b: Row) => number }[] = [
  { key: 'mirror', title: 'Mirror', compare: (a, b) => byName(a.mirror, b.mirror) },
  {
    key: 'country',
    title: 'Country',
    compare: (a, b) => byText(a.country ?? '~', b.country ?? '~'),
  },
  { key: 'tier', title: 'Tier', compare: (a, b) => a.tier - b.tier },
  { key: 'state', title: 'It says', compare: (a, b) => SEVERITY[a.tone] - SEVERITY[b.tone] },
  { key: 'seen', title: 'Seen', compare: (a, b) => SEVERITY[a.seen.tone] - SEVERITY[b.seen.tone] },
  { key: 'serial', title: 'Serial', compare: (a, b) => byText(a.serial, b.serial) },
  { key: 'lag', title: 'Lag', compare: (a, b) => a.lagMs - b.lagMs },
  { key: 'upstream', title: 'Pulls from', compare: (a, b) => byName(a.upstream, b.upstream) },
  {
    key: 'at',
    title: 'Last word',
    compare: (a, b) => byText(b.at?.iso ?? '', a.at?.iso ?? ''),
  },
];

/** Read a page's query; what makes no sense in it is left out, and never an error. */
export function readQuery(query: unknown): TableQuery {
  const given = new Map(Object.entries(query ?? {}));
  const text = (key: string) => {
    const value: unknown = given.get(key);
    return typeof value === 'string' ? value.trim().slice(0, LONGEST) : '';
  };
  const state = text('state');
  const sort = text('sort');
  return {
    archive: text('archive'),
    tier: /^\d{1,3}$/.test(text('tier')) ? text('tier') : '',
    country: /^[A-Z]{2}$/.test(text('country')) ? text('country') : '',
    state: Object.hasOwn(STATES, state) ? state : '',
    q: text('q'),
    sort: COLUMNS.some(({ key }) => key === sort.replace(/^-/, '')) ? sort : '',
    page: /^[1-9]\d{0,5}$/.test(text('page')) ? Number(text('page')) : 1,
  };
}

/** Filter, sort and cut. `path`: of the page that the table stands on. */
export function viewTable(all: readonly Row[], query: TableQuery, path: string): Table {
  const rows = all.filter((row) => isWanted(row, query));
  const key = query.sort.replace(/^-/, '');
  const column = COLUMNS.find((one) => one.key === key);
  if (column !== undefined) rows.sort(column.compare);
  if (query.sort.startsWith('-')) rows.reverse();
  const count = Math.max(1, Math.ceil(rows.length / PER_PAGE));
  const page = Math.min(query.page, count);
  const at = (change: Partial<TableQuery>) => hrefOf(path, { ...query, page: 1, ...change });
  return {
    query: { ...query, page },
    rows: rows.slice((page - 1) * PER_PAGE, page * PER_PAGE),
    found: rows.length,
    total: all.length,
    columns: COLUMNS.map((one) => ({
      title: one.title,
      href: at({ sort: query.sort === one.key ? `-${one.key}` : one.key }),
      order: key !== one.key ? null : query.sort.startsWith('-') ? 'descending' : 'ascending',
    })),
    pages: {
      count,
      previous: page > 1 ? at({ page: page - 1 }) : null,
      next: page < count ? at({ page: page + 1 }) : null,
    },
    choices: choicesOf(all),
    states: STATES,
    filtered: rows.length !== all.length || query.q !== '',
    several: new Set(rows.map(({ archive }) => archive)).size > 1,
    words:
      rows.length === all.length
        ? counted(all.length, 'row')
        : `${number(rows.length)} of ${counted(all.length, 'row')}`,
  };
}

function isWanted(row: Row, query: TableQuery): boolean {
  if (query.archive !== '' && row.archive !== query.archive) return false;
  if (query.tier !== '' && String(row.tier) !== query.tier) return false;
  if (query.country !== '' && row.country !== query.country) return false;
  const tone = STATES[query.state]?.tone;
  if (tone === 'bad' ? !inTrouble(row) : tone !== undefined && row.tone !== tone) return false;
  const text = `${row.mirror}\n${row.upstream}\n${row.words}\n${row.countryName ?? ''}`;
  return query.q === '' || text.toLowerCase().includes(query.q.toLowerCase());
}

function choicesOf(all: readonly Row[]): Table['choices'] {
  const countries = new Set(all.flatMap(({ country }) => country ?? []));
  return {
    archives: [...new Set(all.map(({ archive }) => archive))],
    tiers: [...new Set(all.map(({ tier }) => tier))].toSorted((a, b) => a - b),
    countries: [...countries]
      .map((code) => ({ code, name: countryName(code) }))
      .toSorted((a, b) => byText(a.name, b.name)),
  };
}

/** Only what differs from the default stands in an address. */
function hrefOf(path: string, query: TableQuery): string {
  const wanted = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== '' && !(key === 'page' && value === 1)) wanted.set(key, String(value));
  }
  const text = wanted.toString();
  return text === '' ? path : `${path}?${text}`;
}
