import { BY_HASH_FOLDER, type FileEntry, type TreePath } from '@pushmirror/manifest';
import { NEXT_FOLDER } from '../own-files.ts';

/** The name of an index that may be fetched by its digest, in our tree and in those of others. */
export function byHashName(entry: Pick<FileEntry, 'sha256'>): TreePath {
  return `${BY_HASH_FOLDER}/${entry.sha256}`;
}

/** The name of content that waits for the switch, since it replaces something. */
export function nextName(entry: Pick<FileEntry, 'sha256'>): TreePath {
  return `${NEXT_FOLDER}/${entry.sha256}`;
}

/**
 * The name of the master's trace file of a release that is only staged: what readers see under
 * `project/trace/master` is still that of the release before.
 */
export function nextTraceName(root: { sha256: string }): TreePath {
  return `${NEXT_FOLDER}/trace-${root.sha256}`;
}
