import { MasterError } from '../errors.ts';

/** A database error that has a cause people can act on, as a MasterError; undefined for others. */
export function asActionable(error: unknown): MasterError | undefined {
  switch (sqliteCode(error)) {
    case 'SQLITE_FULL':
    case 'SQLITE_IOERR_WRITE':
    case 'SQLITE_IOERR_FSYNC':
    case 'SQLITE_IOERR_SHMSIZE':
      return new MasterError(
        'disk-full',
        'The database could not be written: the disk is full or broken. Nothing was changed. Free some space and try again.',
        { cause: error },
      );
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return new MasterError(
        'wrong-state',
        'The database file is damaged or not a database. Restore it from a backup.',
        { cause: error },
      );
    default:
      return undefined;
  }
}

/** By its name: every command may end with such an error, and few of them load a database. */
function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'SqliteError' || !('code' in error)) {
    return undefined;
  }
  return String(error.code);
}
