/** Why something that a stranger named was not fetched. */
export type NetErrorCode =
  | 'bad-url'
  | 'forbidden-address'
  | 'unreachable'
  | 'bad-certificate'
  | 'bad-answer'
  | 'too-large';

/** The one error class of this package. The message is one sentence: what, where, what to do. */
export class NetError extends Error {
  override name = 'NetError';
  constructor(
    readonly code: NetErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
