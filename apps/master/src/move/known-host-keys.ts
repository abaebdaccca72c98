import { run } from '@pushmirror/host';
import { MasterError } from '../errors.ts';

const DEADLINE_MS = 20_000;

/**
 * A host's key out of a known_hosts file, hashed names included; the ed25519 one where there is one.
 * Undefined when the file does not know the host.
 *
 * @param scan ask the host itself when the file does not know it: nobody then vouches for the key.
 */
export async function findHostKey(
  { host, port }: { host: string; port: number },
  o: { knownHosts: string; scan: boolean },
): Promise<{ key: string; scanned: boolean } | undefined> {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const known = bestOf(await outputOf(['ssh-keygen', '-F', name, '-f', o.knownHosts]));
  if (known !== undefined) return { key: known, scanned: false };
  if (!o.scan) return undefined;
  const argv = ['ssh-keyscan', '-T', '10', '-t', 'ed25519', '-p', String(port), '--', host];
  const seen = bestOf(await outputOf(argv));
  return seen === undefined ? undefined : { key: seen, scanned: true };
}

async function outputOf(argv: readonly string[]): Promise<string> {
  const [program = '', ...rest] = argv;
  try {
    return (await run({ argv: [program, ...rest], deadlineMs: DEADLINE_MS })).stdout;
  } catch (cause) {
    const message = `${program} cannot be run. Install openssh-client.`;
    throw new MasterError('invalid', message, { cause });
  }
}

function bestOf(output: string): string | undefined {
  const keys = output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('@'))
    .map((line) => line.split(' ').slice(1, 3).join(' '));
  return keys.find((key) => key.startsWith('ssh-ed25519 ')) ?? keys[0];
}
