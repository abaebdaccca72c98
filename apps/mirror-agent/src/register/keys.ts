import { readFile, stat } from 'node:fs/promises';
import { parsePublicKey } from '@pushmirror/acl';
import { run, whyOf } from '@pushmirror/host';
import { AgentError } from '../errors.ts';

const DEADLINE_MS = 30_000;

/**
 * The public half of an ed25519 key, which is made (without a passphrase, mode 0600) when it is not
 * there.
 *
 * @throws AgentError `config`; HostError `program-missing`; AclError for a key that cannot be used.
 */
export async function haveKey(path: string, comment: string): Promise<string> {
  if (!(await exists(path))) {
    const made = await run({
      argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path],
      deadlineMs: DEADLINE_MS,
    });
    if (made.code !== 0) {
      throw new AgentError('config', `${path} could not be made: ${made.stderr.trim()}`);
    }
  }
  return readPublicKey(`${path}.pub`);
}

/** `ssh-ed25519 AAAA...` of a `.pub` file. */
export async function readPublicKey(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AgentError('config', `${path} cannot be read (${whyOf(cause)}).`, { cause });
  });
  return parsePublicKey(text).line;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
