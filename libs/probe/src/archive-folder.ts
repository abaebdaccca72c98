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
