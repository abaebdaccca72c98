import type { DbOrTrx } from './open.ts';

/** When each mirror committed each release of an archive, from a serial on: for curves. */
export function commitsOf(
  db: DbOrTrx,
  of: { archive: string; serialsFrom: number; serialsTo: number },
): Promise<{ serial: number; committed_at: string | null }[]> {
  return db
    .selectFrom('push')
    .select(['serial', 'committed_at'])
    .where('archive', '=', of.archive)
    .where('serial', '>=', of.serialsFrom)
    .where('serial', '<=', of.serialsTo)
    .execute();
}

/** A mirror's newest pushes, with when each release was published, newest first. */
export function pushHistory(
  db: DbOrTrx,
  mirror: string,
  limit: number,
): Promise<
  { archive: string; serial: number; published_at: string; committed_at: string | null }[]
> {
  return db
    .selectFrom('push')
    .innerJoin('release', (join) =>
      join
        .onRef('release.archive', '=', 'push.archive')
        .onRef('release.serial', '=', 'push.serial'),
    )
    .select(['push.archive', 'push.serial', 'push.committed_at', 'release.published_at'])
    .where('push.mirror', '=', mirror)
    .orderBy('release.published_at', 'desc')
    .limit(limit)
    .execute();
}

/** What went wrong with pushes to a mirror: each reason once, with how often and when last. */
export async function pushErrors(
  db: DbOrTrx,
  mirror: string,
  limit: number,
): Promise<{ archive: string; reason: string; count: number; last: string }[]> {
  const rows = await db
    .selectFrom('push')
    .select(['archive', 'reason'])
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('updated_at').as('last')])
    .where('mirror', '=', mirror)
    .where('reason', 'is not', null)
    .where('state', '!=', 'superseded')
    .groupBy(['archive', 'reason'])
    .orderBy('last', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ archive, reason, count, last }) => ({
    archive,
    reason: reason ?? '',
    count: Number(count),
    last,
  }));
}
