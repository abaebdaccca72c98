/** What the master could not do; `http/errors.ts` maps each to a status, `exit-codes.ts` to a code. */
export type MasterErrorCode =
  | 'unknown-archive'
  | 'unknown-mirror'
  | 'unknown-release'
  | 'unknown-token'
  | 'already-exists'
  | 'invalid'
  | 'bad-path'
  | 'cycle'
  | 'publish-running'
  | 'publish-refused'
  | 'serials-used-up'
  | 'disk-full'
  | 'not-public'
  | 'unauthorised'
  | 'forbidden'
  | 'too-many-failures'
  | 'too-many-streams'
  | 'state-in-use'
  | 'wrong-state'
  | 'no-answer'
  | 'bad-url'
  | 'unreachable'
  | 'bad-answer'
  | 'already-decided'
  | 'too-many-registrations'
  | 'stopping';

/** The one error class of this app. The message is one sentence: what, where, what to do. */
export class MasterError extends Error {
  override name = 'MasterError';
  constructor(
    readonly code: MasterErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
