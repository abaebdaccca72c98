/** Why a manifest, or something in it, is not accepted. */
export type ManifestErrorCode =
  | 'unsafe-path'
  | 'unsafe-link'
  | 'wrong-digest'
  | 'malformed-root'
  | 'malformed-bucket'
  | 'over-limit'
  | 'contradiction';

/** The one error class of this package. */
export class ManifestError extends Error {
  override name = 'ManifestError';
  constructor(
    readonly code: ManifestErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
