import { archiveFolder } from '@pushmirror/probe';
import { HEAD_PATH } from '@pushmirror/trigger/head/head';

/** Where a mirror's head of an archive is seen from outside. */
export type PublicAddress = { by: 'http'; url: string } | { by: 'rsync'; url: string };

export function publicAddress(
  mirror: { http_url: string | null; rsync_url: string | null },
  archive: string,
  archives: readonly string[],
): PublicAddress | undefined {
  const { http_url: web } = mirror;
  if (web !== null && isWebUrl(web)) {
    return { by: 'http', url: `${archiveFolder(web, archive, archives)}${HEAD_PATH}` };
  }
  if (!mirror.rsync_url?.startsWith('rsync://')) return undefined;
  return { by: 'rsync', url: `${mirror.rsync_url.replace(/\/+$/, '')}/${archive}/${HEAD_PATH}` };
}

/** Only an address of the web is one, whoever wrote it and however it came into the database. */
function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
