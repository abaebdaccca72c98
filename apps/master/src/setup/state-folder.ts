import { mkdir } from 'node:fs/promises';
import { becomeOwnerOf, HostError, lockFolder, whyOf } from '@pushmirror/host';
import { MasterError } from '../errors.ts';

/** The state folder, held for this process. */
export interface StateFolder {
  release(): void;
}

/**
 * Make the state folder when it is missing, and hold it, so that two masters never work on one
 * database. Root goes on as its owner.
 *
 * @throws MasterError `state-in-use`; HostError `cannot-write`.
 */
export async function openState(path: string): Promise<StateFolder> {
  becomeOwnerOf(path);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const lock = lockFolder(path);
    if (lock !== undefined) return lock;
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    throw new HostError(
      'cannot-write',
      `The state folder ${path} cannot be used (${whyOf(cause)}). Check its owner and mode.`,
      { cause },
    );
  }
  throw new MasterError(
    'state-in-use',
    `Another mirror-master is running on ${path}. Stop it first.`,
  );
}
