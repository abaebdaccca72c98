import { createRequire } from 'node:module';
import { geoCentroid, geoDistance, geoEqualEarth, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import type { Topology, GeometryCollection } from 'topojson-specification';
import type { Geometry } from 'geojson';
import { countryNumber } from './iso-3166.ts';

/** The picture of the world: its size, in the units of its coordinates. */
export const MAP = { width: 960, height: 440 };

const projection = geoEqualEarth().fitExtent(
  [
    [0, 4],
    [MAP.width, 516],
  ],
  { type: 'Sphere' },
);
const data = createRequire(import.meta.url);

/** All land as one SVG path; below 56 degrees south it is cut off. Natural Earth, public domain. */
export function landPath(): string {
  const world = data('world-atlas/land-110m.json') as Topology<{ land: GeometryCollection }>;
  return geoPath(projection).digits(1)(feature(world, world.objects.land)) ?? '';
}

/** Where a country is: degrees of longitude and latitude; undefined where the map has none. */
export function countryPlace(letters: string): [number, number] | undefined {
  const number = countryNumber(letters);
  return number === undefined ? undefined : (places ??= readPlaces()).get(number);
}

/** A country's place on the picture, in its units. */
export function onMap(letters: string): { x: number; y: number } | undefined {
  const place = countryPlace(letters);
  const point = place && projection(place);
  return point ? { x: Math.round(point[0]), y: Math.round(point[1]) } : undefined;
}

/** Between two countries, in radians along the globe; infinite where one is not known. */
export function countryDistance(a: string, b: string): number {
  if (a === b) return 0;
  const [from, to] = [countryPlace(a), countryPlace(b)];
  return from === undefined || to === undefined ? Infinity : geoDistance(from, to);
}

let places: Map<string, [number, number]> | undefined;

/** The middle of each country's largest piece; what is too small for the coarse map is in the finer one. */
function readPlaces(): Map<string, [number, number]> {
  const found = new Map<string, [number, number]>();
  for (const scale of ['110m', '50m']) {
    const world = data(`world-atlas/countries-${scale}.json`) as Topology<{
      countries: GeometryCollection;
    }>;
    for (const country of world.objects.countries.geometries) {
      const id = String(country.id);
      const one = feature(world, country);
      if (one.type === 'Feature' && !found.has(id)) found.set(id, middle(one.geometry));
    }
  }
  return found;
}

/** Of the piece with the most corners: France is in Europe, the United States are not in Alaska. */
function middle(geometry: Geometry): [number, number] {
  if (geometry.type !== 'MultiPolygon') return geoCentroid(geometry);
  const [largest = []] = geometry.coordinates.toSorted((a, b) => corners(b) - corners(a));
  return geoCentroid({ type: 'Polygon', coordinates: largest });
}

function corners(piece: readonly (readonly unknown[])[]): number {
  return piece[0]?.length ?? 0;
}
