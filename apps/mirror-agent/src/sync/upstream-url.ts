import { isHost, isUser } from '@pushmirror/acl';
import { SyncFailure } from './failure.ts';

/** An rsync daemon's module, or a folder in it, to mirror from; over SSH where that is said. */
export interface Upstream {
  /** As people write it, without a slash at the end; never with a password. */
  url: string;
  /** As rsync takes it for its source: the contents of the folder. */
  source: string;
  user?: string;
  host: string;
  port: number;
  module: string;
  /** The folder in the module, `a/b`; empty for the module itself. */
  path: string;
  /** Over SSH, as `user` there. */
  ssh?: true;
}

const RSYNC_PORT = 873;
const SSH_PORT = 22;
const URL_FORM =
  /^(?<scheme>rsync|ssh):\/\/(?:(?<user>[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?(?:\[(?<v6>[0-9A-Fa-f:.]{2,45})\]|(?<name>[A-Za-z0-9.-]{1,253}))(?::(?<port>[0-9]{1,5}))?\/(?<path>[^/].*?)\/?$/;
const NAME = /^[A-Za-z0-9_.+~][A-Za-z0-9_.+~-]{0,254}$/;

/**
 * Read `rsync://[user@]host[:port]/module[/path]`, or `ssh://user@host[:port]/module[/path]` for the
 * same over SSH. It becomes a word of rsync's command line, so
 * that only the characters of ordinary names pass: no leading `-`, no `..`, no quotes, no blanks.
 *
 * @throws SyncFailure `settings`
 */
export function parseUpstream(text: string): Upstream {
  const parts = URL_FORM.exec(text)?.groups;
  const host = parts?.['v6'] ?? parts?.['name'] ?? '';
  const isSsh = parts?.['scheme'] === 'ssh';
  const user = parts?.['user'];
  const usualPort = isSsh ? SSH_PORT : RSYNC_PORT;
  const port = Number(parts?.['port'] ?? usualPort);
  const [module = '', ...folders] = (parts?.['path'] ?? '').split('/');
  const names = [module, ...folders];
  const good =
    isHost(host) &&
    (!isSsh || isUser(user ?? '')) &&
    port >= 1 &&
    port <= 65_535 &&
    names.every((name) => NAME.test(name) && name !== '.' && name !== '..');
  if (!good) {
    const form =
      'rsync://[user@]host[:port]/module[/path] or ssh://user@host[:port]/module[/path], of letters, digits and . _ + ~ -';
    throw new SyncFailure(
      'settings',
      `${JSON.stringify(text.slice(0, 200))} is not an upstream that rsync can be given. Expected ${form}`,
      { retry: false },
    );
  }
  const bare = host.includes(':') ? `[${host}]` : host;
  const address = port === usualPort ? bare : `${bare}:${port}`;
  const at = `${user === undefined ? '' : `${user}@`}${address}`;
  const url = `${isSsh ? 'ssh' : 'rsync'}://${at}/${names.join('/')}`;
  if (isSsh) {
    const source = `${user}@${bare}::${names.join('/')}/`;
    const path = folders.join('/');
    return { url, source, user: user ?? '', host, port, module, path, ssh: true };
  }
  const shared = { url, source: `${url}/`, host, port, module, path: folders.join('/') };
  return user === undefined ? shared : { ...shared, user };
}
