import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findArchive } from '../db/archives.ts';
import type { DbOrTrx } from '../db/open.ts';
import { isOurTrace } from './master-trace.ts';

/**
 * Whether another program than ours, such as dak, writes the archive's `project/trace/master`. The
 * `Archive serial` of its mirrors' trace files is then that program's.
 */
export async function hasForeignTrace(db: DbOrTrx, name: string): Promise<boolean> {
  const archive = await findArchive(db, name);
  if (archive === undefined) return false;
  const path = join(archive.path, 'project/trace/master');
  return !isOurTrace(await readFile(path, 'latin1').catch(() => undefined));
}
