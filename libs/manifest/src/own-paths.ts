/** Where our own metadata lives in an archive's tree, as seen from its folder. */
export const OWN_FOLDER = 'project/pushmirror';
export const MANIFEST_FOLDER = `${OWN_FOLDER}/manifest`;
export const BY_HASH_FOLDER = `${OWN_FOLDER}/by-hash`;
export const TRACE_FOLDER = 'project/trace';

const OWN = new RegExp(
  `^(${OWN_FOLDER}|${TRACE_FOLDER})(/|$)|^Archive-Update-(in-Progress|Required)-[^/]*$|(^|/)\\.~tmp~(/|$)`,
);

/**
 * True for what is in the tree but not of the release: never in a manifest, never deleted because
 * a manifest does not list it. That is our own metadata, the trace files and marks that every
 * mirror writes about itself (also those that ftpsync writes), and rsync's folder of delayed
 * updates.
 */
export function isOwnPath(path: string): boolean {
  return OWN.test(path);
}
