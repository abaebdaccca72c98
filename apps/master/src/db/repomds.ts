import type { RepomdRow } from './list-schema.ts';
import type { DbOrTrx } from './open.ts';

/** What is known of a repository, newest first. */
export function listRepomds(
  db: DbOrTrx,
  of: { archive: string; repository: string },
  limit: number,
): Promise<RepomdRow[]> {
  return db
    .selectFrom('repomd')
    .selectAll()
    .where('archive', '=', of.archive)
    .where('repository', '=', of.repository)
    .orderBy('serial', 'desc')
    .limit(limit)
    .execute();
}

/** Note it once; a second time changes nothing. */
export function noteRepomd(db: DbOrTrx, row: RepomdRow) {
  return db
    .insertInto('repomd')
    .values(row)
    .onConflict((clash) => clash.columns(['archive', 'repository', 'serial']).doNothing())
    .execute();
}

/** Of each repository only the newest count. */
export function deleteOldRepomds(db: DbOrTrx, of: { archive: string; before: number }) {
  return db
    .deleteFrom('repomd')
    .where('archive', '=', of.archive)
    .where('serial', '<', of.before)
    .execute();
}
