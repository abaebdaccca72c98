import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parsePublicKey } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import { startSshServer } from '../front-door/ssh-server.ts';
import type { Answers } from './answers.ts';
import type { Standing } from './master-door.ts';

export interface ProofOptions {
  answers: Answers;
  challenge: Standing['challenge'];
  /** The private host key, and the public key that the master comes with. */
  hostKey: string;
  masterKey: string;
  /** Told who came and was not let in. */
  onRefused: (from: string, reason: string) => void;
}

/**
 * Show the challenge in the first archive's folder, and answer at the SSH endpoint, until the
 * function that is returned undoes both. Triggers that come meanwhile are told to come again.
 *
 * @throws HostError; AgentError `port-in-use` or `config`.
 */
export async function showProof(o: ProofOptions): Promise<() => Promise<void>> {
  const { answers, challenge } = o;
  const file = join(answers.archives[0]?.to ?? '/', challenge.path);
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, `${challenge.text}\n`);
  const hide = async () => {
    await rm(file, { force: true });
    await rmdir(dirname(file)).catch(() => {}); // Another one's proof may be beside it.
  };
  const { sshListen } = answers;
  if (sshListen === undefined) return hide;
  try {
    const server = await startSshServer({
      address: sshListen.host,
      port: sshListen.port,
      hostKey: o.hostKey,
      peers: () => [{ name: 'master', key: parsePublicKey(o.masterKey) }],
      receive: () => Promise.resolve({ result: 'busy', reason: 'This mirror is being set up.' }),
      maxConnections: 20,
      maxPerSource: 10,
      onRefused: o.onRefused,
    });
    return async () => {
      await server.close();
      await hide();
    };
  } catch (error) {
    await hide();
    throw error;
  }
}
