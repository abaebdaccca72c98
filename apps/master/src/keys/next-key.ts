import { copyFile, readFile, rename, stat } from 'node:fs/promises';
import { parsePublicKey } from '@pushmirror/acl';
import { errnoOf, HostError, run } from '@pushmirror/host';

const KEYGEN_DEADLINE_MS = 30_000;

/** Where a key lies that is announced and not in use yet. */
function nextPath(path: string): string {
  return `${path}.next`;
}

/**
 * The public half of the key that is to follow the one at `path`: made when there is none, else the
 * one that was made before and never announced.
 *
 * @throws HostError `program-missing` or `cannot-write`; AclError for a key that cannot be used.
 */
export async function haveNextKey(path: string, comment: string): Promise<string> {
  const next = nextPath(path);
  if (!(await exists(next))) {
    const made = await run({
      argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', next],
      deadlineMs: KEYGEN_DEADLINE_MS,
    });
    if (made.code !== 0) {
      throw new HostError('cannot-write', `${next} could not be made: ${made.stderr.trim()}`);
    }
  }
  return parsePublicKey(await readFile(`${next}.pub`, 'utf8')).line;
}

/**
 * Put the next key in the place of the one in use, which is kept as `PATH.old`. Done again after a
 * crash, it goes on where it stood: at every moment there is a whole key at `path`.
 */
export async function moveNextKey(path: string): Promise<void> {
  const next = nextPath(path);
  if (!(await exists(next))) return;
  await copyFile(path, `${path}.old`); // With its mode.
  await rename(`${next}.pub`, `${path}.pub`).catch(ignoreMissing);
  await rename(next, path);
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
