/** What is wrong with another one, for its operator. */
export const RSYNC_HOST =
  'rsync: its host must be that of the mirror, of its SSH endpoint or of its public URL. Ask the administrators for another.';

/**
 * Whether others may be sent to an rsync URL on the word of a mirror's operator: its host must be the
 * mirror's own name, or one that was proven, of its SSH endpoint or its public URL. For another one an
 * administrator changes it.
 */
export function isOwnRsyncHost(
  rsyncUrl: string,
  of: { name: string; sshHost: string; httpUrl: string | null | undefined },
): boolean {
  const own = [of.name, of.sshHost, hostOf(of.httpUrl ?? '')];
  const host = hostOf(rsyncUrl.replace(/^rsync:/, 'http:'));
  return host !== '' && own.some((one) => one.toLowerCase() === host);
}

/** Of an address of IPv6 without brackets; empty where it is no URL. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}
