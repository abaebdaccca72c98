import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '@pushmirror/host';
import { parseAllowedSigners, type AllowedSigner } from '@pushmirror/trigger';
import { AgentError, messageOf } from './errors.ts';

/** The people whose heads count. */
export type Signers = () => readonly AllowedSigner[];

/**
 * Read an allowed_signers file, and read it again whenever it has changed, so that a new key counts
 * without a restart. When a changed file is broken, those read before stay in force.
 *
 * @throws AgentError `config` when the file cannot be used at the start.
 */
export function openSigners(path: string, onProblem: (reason: string) => void): Signers {
  let seen = stamp(path);
  let signers = read(path);
  return () => {
    const now = stamp(path);
    if (now === seen) return signers;
    seen = now;
    try {
      signers = read(path);
    } catch (error) {
      onProblem(messageOf(error));
    }
    return signers;
  };
}

function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

function read(path: string): readonly AllowedSigner[] {
  try {
    const signers = parseAllowedSigners(readFileSync(path, 'utf8'), path);
    if (signers.length > 0) return signers;
  } catch (cause) {
    const errno = errnoOf(cause);
    const why = errno === undefined ? messageOf(cause) : `${path} cannot be read (${errno}).`;
    throw new AgentError('config', `allowed_signers: ${why}`, { cause });
  }
  throw new AgentError('config', `allowed_signers: ${path} names nobody.`);
}
