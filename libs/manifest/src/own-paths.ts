/** Where our own metadata lives in an archive's tree, as seen from its folder. */
export const OWN_FOLDER = 'project/pushmirror';
export const MANIFEST_FOLDER = `${OWN_FOLDER}/manifest`;
export const BY_HASH_FOLDER = `${OWN_FOLDER}/by-hash`;
export const TRACE_FOLDER = 'project/trace';

const OWN_AT_TOP = /^(Archive-Update-(in-Progress|Required)-.*|lost\+found)$/s;
const DELAYED_UPDATES = '.~tmp~';

/**
 * True for what is in the tree but not of the release: never in a manifest, never deleted because
 * a manifest does not list it. That is our own metadata, the trace files and marks that every
 * mirror writes about itself (also those that ftpsync writes), rsync's folder of delayed updates,
 * and the file system's own folder.
 */
export function isOwnPath(path: string): boolean {
  let folder = '';
  for (const name of path.split('/')) {
    if (isOwnName(folder, name)) return true;
    folder = folder === '' ? name : `${folder}/${name}`;
  }
  return false;
}

/** The same for a name in a folder that is itself of the release; quick, for those who walk. */
export function isOwnName(folder: string, name: string): boolean {
  if (folder === '') return OWN_AT_TOP.test(name) || name === DELAYED_UPDATES;
  if (folder === 'project')
    return name === 'pushmirror' || name === 'trace' || name === DELAYED_UPDATES;
  return name === DELAYED_UPDATES;
}
