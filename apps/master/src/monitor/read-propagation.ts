import { commitsOf } from '../db/history.ts';
import type { DbOrTrx } from '../db/open.ts';
import { propagationOf, type Propagation } from './propagation.ts';

/** How fast each of these releases of one archive got around; nothing of those that are forgotten. */
export async function readPropagation(
  db: DbOrTrx,
  archive: string,
  releases: readonly { serial: number; published_at: string }[],
): Promise<Map<number, Propagation>> {
  const serials = releases.map(({ serial }) => serial);
  const range = {
    archive,
    serialsFrom: Math.min(...serials),
    serialsTo: Math.max(...serials),
  };
  const commits = new Map<number, (Date | null)[]>();
  for (const { serial, committed_at: at } of releases.length === 0
    ? []
    : await commitsOf(db, range)) {
    const time = at === null ? null : new Date(at);
    const its = commits.get(serial);
    if (its === undefined) commits.set(serial, [time]);
    else its.push(time);
  }
  return new Map(
    releases.flatMap(({ serial, published_at: at }) => {
      const its = commits.get(serial);
      return its === undefined ? [] : [[serial, propagationOf(serial, new Date(at), its)] as const];
    }),
  );
}
