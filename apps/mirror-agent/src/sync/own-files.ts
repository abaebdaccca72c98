import { OWN_FOLDER, TRACE_FOLDER } from '@pushmirror/manifest';

export { HEAD_PATH } from '@pushmirror/trigger/head/head';
export { HOLD_PATH } from '@pushmirror/trigger/head/hold';
export { SIGNERS_PATH } from '@pushmirror/trigger/head/signers';

/** The names, from the tree's folder on, of what a mirror writes about itself. */

export const UPDATE_IN_PROGRESS = 'Archive-Update-in-Progress-';
export const HIERARCHY_FILE = `${TRACE_FOLDER}/_hierarchy`;
export const TRACE_LIST_FILE = `${TRACE_FOLDER}/_traces`;
export const MASTER_TRACE_FILE = `${TRACE_FOLDER}/master`;

/**
 * There while the tree stands between two releases: from before the first change until a claim is
 * made, and so also after a sync that did not reach its end. The head beside it then says what the
 * tree was, and no downstream of ours believes it.
 */
export const CHANGING_FILE = `${OWN_FOLDER}/changing`;

/** The release that is staged beside the one that the tree shows; see manifest/staged.ts. */
export const STAGED_FILE = `${OWN_FOLDER}/staged`;
/** Content of the staged release that replaces what readers still see, by its digest. */
export const NEXT_FOLDER = `${OWN_FOLDER}/next`;

export const inProgressFile = (mirror: string): string => `${UPDATE_IN_PROGRESS}${mirror}`;
export const updateRequiredFile = (mirror: string): string => `Archive-Update-Required-${mirror}`;
export const traceFile = (mirror: string): string => `${TRACE_FOLDER}/${mirror}`;
export const stage1TraceFile = (mirror: string): string => `${TRACE_FOLDER}/${mirror}-stage1`;
