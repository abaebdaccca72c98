import { isArchiveName } from '@pushmirror/acl';
import type { ProfileName } from '@pushmirror/manifest';
import { insertArchive, listArchives } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import type { ArchiveRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';
import { checkArchivePath } from './check-path.ts';

export interface NewArchive {
  name: string;
  path: string;
  profile: ProfileName;
  mode: 'manifest' | 'classic';
  /** 1, or one more than the last when the master's database was lost. */
  epoch: number;
  deleteLimit: number;
}

/**
 * Add an archive to the network. Nothing is published yet.
 *
 * @throws MasterError `invalid`, `already-exists` or `bad-path`.
 */
export async function addArchive(
  db: Db,
  archive: NewArchive,
  by: Actor,
  now: () => Date,
): Promise<ArchiveRow> {
  if (!isArchiveName(archive.name)) {
    throw new MasterError(
      'invalid',
      'This is not a name for an archive: use lower-case letters, digits and ._+- (at most 64).',
    );
  }
  const others = await listArchives(db);
  if (others.some((other) => other.name === archive.name)) {
    throw new MasterError('already-exists', `There is an archive ${archive.name} already.`);
  }
  const path = await checkArchivePath(archive.path, others);
  const at = now();
  const row: ArchiveRow = {
    name: archive.name,
    path,
    profile: archive.profile,
    mode: archive.mode,
    epoch: archive.epoch,
    delete_limit: archive.deleteLimit,
    added_at: at.toISOString(),
    policy: null,
  };
  await db.transaction().execute(async (trx) => {
    await insertArchive(trx, row);
    const detail = { path, profile: row.profile, mode: row.mode, epoch: row.epoch };
    await appendAudit(trx, at, by, { action: 'archive-add', subject: row.name, detail });
  });
  return row;
}
