import { commitsOf } from '../db/history.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listPropagation } from '../db/probe-sums.ts';
import type { PropagationRow } from '../db/sight-schema.ts';
import { propagationOf, type Propagation } from './propagation.ts';

/**
 * How fast each of these releases of one archive got around, by what the mirrors report. The newest is
 * counted anew; older ones are as they were last written down, which outlasts their pushes.
 *
 * @param releases newest first.
 */
export async function readPropagation(
  db: DbOrTrx,
  archive: string,
  releases: readonly { serial: number; published_at: string }[],
): Promise<Map<number, Propagation>> {
  const [newest] = releases;
  if (newest === undefined) return new Map();
  const known = new Map(
    (await listPropagation(db, { archive, basis: 'committed', tier: 0, limit: MOST_KNOWN })).map(
      (row) => [row.serial, writtenDown(row)],
    ),
  );
  known.delete(newest.serial);
  const unknown = releases.filter(({ serial }) => !known.has(serial));
  const counted = await countAnew(db, archive, unknown);
  const all = releases.map(({ serial }) => [serial, known.get(serial) ?? counted.get(serial)]);
  return new Map(all.filter((one): one is [number, Propagation] => one[1] !== undefined));
}

const MOST_KNOWN = 1_000;

function writtenDown(row: PropagationRow): Propagation {
  return {
    serial: row.serial,
    mirrors: row.mirrors,
    committed: row.reached,
    p50: row.p50_ms,
    p90: row.p90_ms,
    p95: row.p95_ms,
    p100: row.p100_ms,
  };
}

async function countAnew(
  db: DbOrTrx,
  archive: string,
  releases: readonly { serial: number; published_at: string }[],
): Promise<Map<number, Propagation>> {
  const serials = releases.map(({ serial }) => serial);
  const commits = new Map<number, (Date | null)[]>();
  const range = { serialsFrom: Math.min(...serials), serialsTo: Math.max(...serials) };
  for (const { serial, committed_at: at } of await commitsOf(db, { archive, ...range })) {
    const its = commits.get(serial) ?? [];
    its.push(at === null ? null : new Date(at));
    commits.set(serial, its);
  }
  return new Map(
    releases.flatMap(({ serial, published_at: at }) => {
      const its = commits.get(serial);
      return its === undefined ? [] : [[serial, propagationOf(serial, new Date(at), its)] as const];
    }),
  );
}
