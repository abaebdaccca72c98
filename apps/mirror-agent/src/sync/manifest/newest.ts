import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bucketName,
  MANIFEST_FOLDER,
  NEWEST_PACK,
  NEWEST_PACK_BYTES,
  newBuckets,
  newestOf,
  onDisk,
  packNewest,
  unpackNewest,
  type FileEntry,
  type Newest,
} from '@pushmirror/manifest';
import { readTreeFile, statOf, writePlainTreeFile } from '../tree-files.ts';
import { DISK_SERIAL } from './adopt.ts';
import { byHashName } from './digest-names.ts';
import { standsInFolders } from './stands-in-folders.ts';
import type { PlannedMove } from './release.ts';
import { stagedNames, type Staging } from './staging.ts';

/** What came along with the root, by digest; nothing, where the upstream shows none of it. */
export async function readNewest(staging: Staging): Promise<PlannedMove['newest']> {
  const pack = await readTreeFile(join(staging.files, NEWEST_PACK), NEWEST_PACK_BYTES);
  return pack === undefined ? new Map<string, Buffer>() : unpackNewest(pack);
}

/**
 * Put what a release brought, as far as it is little, where our own downstreams get it with the root.
 * Nothing hangs on it: what is not there is fetched from where it is.
 */
export async function showNewest(
  to: string,
  planned: PlannedMove,
  content: readonly FileEntry[],
): Promise<void> {
  const { move, from, plan } = planned;
  const { before, after } = move;
  const isKnown = before !== undefined && from.serial !== DISK_SERIAL;
  const indexes = plan.indexes.flatMap((step) => (step.do === 'fetch' ? [step.entry] : []));
  const newest = isKnown ? newestOf(newBuckets(before, after), [...indexes, ...content]) : [];
  if (newest.length === 0) return rmSync(join(to, NEWEST_PACK), { recursive: true, force: true });
  const pack = packNewest(
    newest,
    (one) => planned.newest.get(one.sha256) ?? contentOf(to, planned.staging, one),
  );
  return writePlainTreeFile(to, NEWEST_PACK, pack);
}

/** It is in place by now, or, where it replaces something, still in staging. */
function contentOf(to: string, staging: Staging, one: Newest): Buffer | undefined {
  if ('bucket' in one) return readIf(join(to, MANIFEST_FOLDER, bucketName(one.bucket)), one.size);
  const { file } = one;
  if (file.order !== undefined) return readIf(join(to, byHashName(file)), one.size);
  for (const name of stagedNames(file)) {
    const staged = readIf(onDisk(staging.files, name), one.size);
    if (staged !== undefined) return staged;
  }
  return standsInFolders(to, file.path) ? readIf(onDisk(to, file.path), one.size) : undefined;
}

function readIf(path: string | Buffer, size: number): Buffer | undefined {
  const stat = statOf(path);
  return stat?.isFile() === true && stat.size === size ? readFileSync(path) : undefined;
}
