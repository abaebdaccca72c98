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

/** The errno name (`ENOENT`, `ENOSPC`, ...) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
