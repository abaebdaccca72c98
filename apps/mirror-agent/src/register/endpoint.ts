import { isIP } from 'node:net';
import { isHost, isUser } from '@pushmirror/acl';
import { AgentError } from '../errors.ts';

export interface Endpoint {
  host: string;
  port: number;
}

export interface SshEndpoint extends Endpoint {
  user: string;
}

/** `user@host:port`; `host` and `host:port` are the user `mirror`'s. */
export function sshEndpoint(text: string, usualPort: number): SshEndpoint {
  const [, user = 'mirror', rest = ''] = /^(?:([^@]*)@)?(.*)$/s.exec(text) ?? [];
  const { host, port } = endpoint(/:\d+$/.test(rest) ? rest : `${rest}:${usualPort}`, '--ssh');
  if (!isUser(user)) throw usage('--ssh: the user is not a plain user name.');
  return { user, host, port };
}

function endpoint(text: string, flag: string): Endpoint {
  const [, six, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? name ?? '';
  const port = Number(digits);
  if (isHost(host) && port >= 1 && port <= 65_535) return { host, port };
  throw usage(`${flag}: give host:port or [IPv6 address]:port.`);
}

/** Where something of ours is to listen: an address and a port. */
export function listener(text: string, flag: string): Endpoint {
  const at = endpoint(text, flag);
  if (isIP(at.host) !== 0) return at;
  throw usage(`${flag}: give the address to listen on, such as 0.0.0.0:${at.port}.`);
}

function usage(message: string): AgentError {
  return new AgentError('usage', message);
}
