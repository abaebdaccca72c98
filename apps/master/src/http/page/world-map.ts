import { countryName } from '../../geo/iso-3166.ts';
import { onMap } from '../../geo/world.ts';
import { inTrouble, type Row, type Tone } from './row.ts';
import { counted } from './words.ts';

/** One country on the map: a dot as large as the number of its mirrors, in the worst of their colours. */
export interface Dot {
  country: string;
  title: string;
  href: string;
  tone: Tone;
  x: number;
  y: number;
  radius: number;
  mirrors: number;
}

/** Large dots first, so that small ones lie above them. */
export function dotsOf(rows: readonly Row[]): Dot[] {
  const countries = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.country === null) continue;
    const before = countries.get(row.country);
    if (before === undefined) countries.set(row.country, [row]);
    else before.push(row);
  }
  return [...countries]
    .flatMap(([country, its]) => dotOf(country, its) ?? [])
    .toSorted((a, b) => b.radius - a.radius);
}

function dotOf(country: string, rows: readonly Row[]): Dot | undefined {
  const place = onMap(country);
  if (place === undefined) return undefined;
  const mirrors = new Set(rows.map(({ mirror }) => mirror)).size;
  const bad = new Set(rows.filter(inTrouble).map(({ mirror }) => mirror)).size;
  const moving = rows.some(({ tone }) => tone === 'moving');
  const good = rows.some(({ tone }) => tone === 'good');
  const trouble = bad === 0 ? '' : `, ${bad} in trouble`;
  return {
    country,
    title: `${countryName(country)}: ${counted(mirrors, 'mirror')}${trouble}`,
    href: `/?country=${country}`,
    tone: bad > 0 ? 'bad' : moving ? 'moving' : good ? 'good' : 'quiet',
    ...place,
    radius: Math.min(18, Math.round(40 + 15 * Math.sqrt(mirrors - 1)) / 10),
    mirrors,
  };
}
