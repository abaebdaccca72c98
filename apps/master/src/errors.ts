/** What the master could not do; `http/errors.ts` maps each to a status. */
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

/**
 * Stands before the name of an archive that is not for whoever asks, so that nothing finds it. No name
 * has it, and no answer shows it.
 */
export const HIDDEN = '\u0000';

/** Of a name that is not known, or that is not for whoever asks. */
export const unknownMirror = (name: string) =>
  new MasterError('unknown-mirror', `There is no mirror ${name}.`);

export const unknownArchive = (name: string) =>
  new MasterError('unknown-archive', `There is no archive ${name}.`);

export const unknownRelease = (archive: string, serial: number) =>
  new MasterError('unknown-release', `There is no release ${serial} of ${archive}.`);
