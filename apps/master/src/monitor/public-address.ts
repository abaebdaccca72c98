import { HEAD_PATH } from '@pushmirror/trigger/head/head';

/**
 * The folder of an archive at a mirror's web address, with a slash at its end. The web address of a
 * mirror of one archive is that archive's; of several it ends with the archive's name or is the
 * folder above them.
 */
export function archiveFolder(
  httpUrl: string,
  archive: string,
  archives: readonly string[],
): string {
  const base = new URL(httpUrl);
  const folder = base.pathname.replace(/\/+$/, '');
  const own = archives.length <= 1 || folder.endsWith(`/${archive}`);
  base.pathname = `${folder}${own ? '' : `/${archive}`}/`;
  base.search = '';
  base.hash = '';
  return base.href;
}

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
