import { connect as openSocket } from 'node:net';
import { AclError, parsePublicKey } from '@pushmirror/acl';
import ssh2 from 'ssh2';
import { algorithmsFor } from './algorithms.ts';
import type { PushTarget } from './sender.ts';

/**
 * The host key that an SSH server shows now, `type base64`; undefined when none is seen in time.
 * Nothing is sent but the handshake: whoever it is, no login is tried.
 *
 * @param pinned the key that was shown before: a host with several keys shows the one of its type.
 */
export function seeHostKey(
  at: Pick<PushTarget, 'host' | 'port'>,
  pinned: string,
  deadlineMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const socket = openSocket({ ...at, noDelay: true, autoSelectFamily: true });
    const end = (line: string | undefined) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(line);
    };
    const deadline = setTimeout(() => end(undefined), deadlineMs);
    client.on('error', () => end(undefined));
    client.on('close', () => end(undefined));
    client.connect({
      sock: socket,
      username: 'nobody',
      algorithms: algorithmsFor(parsePublicKey(pinned).type),
      hostVerifier: (blob: Buffer) => {
        end(lineOf(blob));
        return false;
      },
      readyTimeout: deadlineMs,
    });
  });
}

/** Undefined for a key that we would not take. */
function lineOf(blob: Buffer): string | undefined {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  const type = blob.subarray(4, 4 + length).toString('latin1');
  try {
    return parsePublicKey(`${type} ${blob.toString('base64')}`).line;
  } catch (error) {
    if (error instanceof AclError) return undefined;
    throw error;
  }
}
