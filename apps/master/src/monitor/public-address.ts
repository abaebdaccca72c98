import { HEAD_PATH } from '@pushmirror/trigger/head/head';

/** Where a mirror's head of an archive is seen from outside. */
export type PublicAddress = { by: 'http'; url: string } | { by: 'rsync'; url: string };

/**
 * The address of a mirror's public head: below its web address where it has one, else below its
 * rsync server's module, which is named like the archive. The web address of a mirror of one archive
 * is that archive's; of several it ends with the archive's name or is the folder above them.
 * Undefined when neither address is known.
 */
export function publicAddress(
  mirror: { http_url: string | null; rsync_url: string | null },
  archive: string,
  archives: readonly string[],
): PublicAddress | undefined {
  if (mirror.http_url !== null) {
    const base = new URL(mirror.http_url);
    const folder = base.pathname.replace(/\/+$/, '');
    const own = archives.length <= 1 || folder.endsWith(`/${archive}`);
    base.pathname = `${folder}${own ? '' : `/${archive}`}/${HEAD_PATH}`;
    base.search = '';
    base.hash = '';
    return { by: 'http', url: base.href };
  }
  if (mirror.rsync_url === null) return undefined;
  return { by: 'rsync', url: `${mirror.rsync_url.replace(/\/+$/, '')}/${archive}/${HEAD_PATH}` };
}
