/** Why a head, a hold, a trigger or a key could not be used. */
export type TriggerErrorCode =
  | 'malformed-head'
  | 'malformed-hold'
  | 'malformed-signers'
  | 'malformed-trigger'
  | 'malformed-signature'
  | 'malformed-allowed-signers'
  | 'unusable-key';

/** The one error class of this package. */
export class TriggerError extends Error {
  override name = 'TriggerError';
  constructor(
    readonly code: TriggerErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
