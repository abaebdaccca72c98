import { HostError, plainEnvironment, run } from '@pushmirror/host';
import { STRICT_SSH } from '../strict-ssh.ts';

/** Whom ftpsync's `sync:callback` asks to call, in the words of its CALLBACK settings. */
export interface CallbackSettings {
  host: string;
  port: number;
  user: string;
  /** The private key's file. */
  key: string;
  /** The host's key, in OpenSSH's format; the user's own known_hosts when left out. */
  known_hosts?: string | undefined;
}

const DEADLINE_MS = 60_000;

/**
 * Tell an upstream that the sync which it asked for is done: `callback:NAME` over SSH, as ftpsync
 * says it. What the host does with it is its own affair.
 *
 * @returns why it was not told, or undefined.
 */
export async function callBack(
  to: CallbackSettings,
  mirror: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const ended = await run({
      argv: argvFor(to, mirror),
      deadlineMs: DEADLINE_MS,
      signal,
      env: { ...plainEnvironment() },
    });
    if (ended.code === 0) return undefined;
    const said = ended.stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replaceAll(/\p{Cc}/gu, '?')
      .slice(0, 300);
    const how = ended.timedOut
      ? 'did not answer in time'
      : `answered with ${ended.code ?? 'a signal'}`;
    return `${to.host} ${how} when it was called back${said === '' ? '' : `: ${said}`}`;
  } catch (error) {
    if (error instanceof HostError) return error.message;
    throw error;
  }
}

function argvFor(to: CallbackSettings, mirror: string): [string, ...string[]] {
  const known = to.known_hosts;
  const options = [
    ...STRICT_SSH,
    ...(known === undefined
      ? []
      : [`UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null']),
    'ConnectTimeout=45',
    'ServerAliveInterval=45',
  ].map((option) => `-o${option}`);
  const where = ['-i', to.key, '-p', `${to.port}`, '-l', to.user, '--', to.host];
  return ['ssh', '-F', 'none', '-n', '-T', ...options, ...where, `callback:${mirror}`];
}
