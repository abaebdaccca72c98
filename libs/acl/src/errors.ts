/** What was refused; the message names the thing and says what would be accepted. */
export type AclErrorCode =
  | 'unusable-key'
  | 'malformed-cidr'
  | 'malformed-rule'
  | 'unsafe-authorized-key'
  | 'unsafe-rsyncd';

/** The one error class of this package. */
export class AclError extends Error {
  override name = 'AclError';
  constructor(
    readonly code: AclErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
