import type { MirrorStanding } from '../monitor/overview.ts';

/** A mirror that a client may use. */
export interface Offered {
  mirror: string;
  country: string | null;
  /** Of the archive, with a slash at its end. */
  url: string;
  serial: number;
}

/** What was seen longer ago than this says nothing about now. */
const SEEN_FOR_MS = 24 * 3_600_000;

/**
 * The mirrors to offer to clients: only what was seen, never what a mirror says. Those that were last
 * seen with the newest public release; where nobody was yet, those with the newest one that somebody
 * was seen with, so that all of a list are alike.
 */
export function seenFresh(
  standings: readonly MirrorStanding[],
  newest: number,
  urlOf: (standing: MirrorStanding) => string | undefined,
  now: Date,
): Offered[] {
  const usable = standings.flatMap((one): Offered[] => {
    const { observed, mirror, country, quarantinedAt, state } = one;
    if (observed === null || observed.serial === null || !isRight(one)) return [];
    if (quarantinedAt !== null || state === 'paused' || observed.serial > newest) return [];
    if (now.getTime() - observed.at.getTime() > SEEN_FOR_MS) return [];
    const url = urlOf(one);
    return url === undefined ? [] : [{ mirror, country, url, serial: observed.serial }];
  });
  const best = Math.max(...usable.map(({ serial }) => serial));
  return usable.filter(({ serial }) => serial === best);
}

/** Nothing is wrong with what it shows; one that is only behind shows an older release rightly. */
function isRight({ observed, sight }: MirrorStanding): boolean {
  if (sight === null) return observed?.reason === null;
  // Without a release that it lacks, a cache before it answers wrongly.
  return sight.state === 'fresh' || (sight.state === 'behind' && (sight.lacks ?? 0) > 0);
}

/**
 * Nearest first; those equally near begin at another one each time (`turn`), so that the load is
 * shared. Without a country, only the turn counts.
 */
export function nearestFirst(
  offered: readonly Offered[],
  country: string | null,
  distance: (a: string, b: string) => number,
  turn: number,
): Offered[] {
  const turned = offered.map((_, index) => offered[(index + turn) % offered.length] as Offered);
  if (country === null) return turned;
  const far = new Map<string | null, number>();
  const farOf = (of: string | null) => {
    const known = far.get(of) ?? (of === null ? Infinity : distance(country, of));
    far.set(of, known);
    return known;
  };
  // Infinity minus Infinity is no number: compare, do not subtract.
  return turned.toSorted((a, b) => {
    const [x, y] = [farOf(a.country), farOf(b.country)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}
