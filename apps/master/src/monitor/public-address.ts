import { archiveFolder } from '@pushmirror/probe';
import { HEAD_PATH } from '@pushmirror/trigger/head/head';

/** Where a mirror's head of an archive is seen from outside. */
export type PublicAddress = { by: 'http'; url: string } | { by: 'rsync'; url: string };

export function publicAddress(
  mirror: { http_url: string | null; rsync_url: string | null },
  archive: string,
  archives: readonly string[],
): PublicAddress | undefined {
  if (mirror.http_url !== null) {
    return { by: 'http', url: `${archiveFolder(mirror.http_url, archive, archives)}${HEAD_PATH}` };
  }
  if (mirror.rsync_url === null) return undefined;
  return { by: 'rsync', url: `${mirror.rsync_url.replace(/\/+$/, '')}/${archive}/${HEAD_PATH}` };
}
