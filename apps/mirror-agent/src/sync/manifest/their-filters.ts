import { join } from 'node:path';
import { readTreeFile } from '../tree-files.ts';
import { CARRIES_FILE, parseCarried } from './carried.ts';
import type { Staging } from './staging.ts';

/**
 * The filters of the upstream, by its own word, which came along with its root. Good for telling
 * people why something is missing there, and for nothing else.
 */
export async function readTheirFilters(staging: Staging): Promise<string[]> {
  return parseCarried(await readTreeFile(join(staging.files, CARRIES_FILE)))?.filters ?? [];
}
