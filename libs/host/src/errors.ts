/** What went wrong between us and the operating system; every sentence says what to do. */
export type HostErrorCode =
  | 'secret-missing'
  | 'secret-unreadable'
  | 'secret-exposed'
  | 'disk-full'
  | 'cannot-write'
  | 'program-missing'
  | 'port-in-use';

/** The one error class of this package. */
export class HostError extends Error {
  override name = 'HostError';
  constructor(
    readonly code: HostErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The errno name (`ENOENT`, `ENOSPC`, ...) of a system error; undefined of all others. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** What a system error means, in a few words and with its errno name: `permission denied, EACCES`. */
export function whyOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error.message : String(error);
  const words = inWords[errno];
  return words === undefined ? errno : `${words}, ${errno}`;
}

const inWords: Partial<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  EEXIST: 'a file is in its place',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead nowhere',
  ENOENT: 'it is not there',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file',
  EPERM: 'not permitted',
  EROFS: 'the disk can only be read',
};
