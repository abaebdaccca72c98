import { MasterError, type MasterErrorCode } from '../errors.ts';

/** Why a tree cannot be described. */
export type ArchiveErrorReason =
  | 'unreadable'
  | 'unsafe-path'
  | 'unsafe-link'
  | 'odd-file'
  | 'tree-changing'
  | 'too-large'
  | 'too-many-deletes'
  | 'disk-full'
  | 'cannot-write';

/** What is wrong with an archive's tree, or with writing down what is in it. */
export class ArchiveError extends MasterError {
  override name = 'ArchiveError';
  constructor(
    readonly reason: ArchiveErrorReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(CODES[reason], message, options);
  }
}

const CODES: Record<ArchiveErrorReason, MasterErrorCode> = {
  unreadable: 'bad-path',
  'cannot-write': 'bad-path',
  'disk-full': 'disk-full',
  'unsafe-path': 'publish-refused',
  'unsafe-link': 'publish-refused',
  'odd-file': 'publish-refused',
  'tree-changing': 'publish-refused',
  'too-large': 'publish-refused',
  'too-many-deletes': 'publish-refused',
};
