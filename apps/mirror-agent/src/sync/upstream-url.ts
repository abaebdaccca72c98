import { isHost } from '@pushmirror/acl';
import { SyncFailure } from './failure.ts';

/** An rsync daemon's module, or a folder in it, to mirror from. */
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
}

const RSYNC_PORT = 873;
const URL_FORM =
  /^rsync:\/\/(?:(?<user>[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?(?:\[(?<v6>[0-9A-Fa-f:.]{2,45})\]|(?<name>[A-Za-z0-9.-]{1,253}))(?::(?<port>[0-9]{1,5}))?\/(?<path>[^/].*?)\/?$/;
const NAME = /^[A-Za-z0-9_.+~][A-Za-z0-9_.+~-]{0,254}$/;

/**
 * Read `rsync://[user@]host[:port]/module[/path]`. It becomes a word of rsync's command line, so
 * that only the characters of ordinary names pass: no leading `-`, no `..`, no quotes, no blanks.
 *
 * @throws SyncFailure `settings`
 */
export function parseUpstream(text: string): Upstream {
  const parts = URL_FORM.exec(text)?.groups;
  const host = parts?.['v6'] ?? parts?.['name'] ?? '';
  const port = Number(parts?.['port'] ?? RSYNC_PORT);
  const [module = '', ...folders] = (parts?.['path'] ?? '').split('/');
  const names = [module, ...folders];
  const good =
    isHost(host) &&
    port >= 1 &&
    port <= 65_535 &&
    names.every((name) => NAME.test(name) && name !== '.' && name !== '..');
  if (!good) {
    const form = 'rsync://[user@]host[:port]/module[/path], of letters, digits and . _ + ~ -';
    throw new SyncFailure(
      'settings',
      `${JSON.stringify(text.slice(0, 200))} is not an upstream that rsync can be given. Expected ${form}`,
      { retry: false },
    );
  }
  const user = parts?.['user'];
  const address = `${host.includes(':') ? `[${host}]` : host}${port === RSYNC_PORT ? '' : `:${port}`}`;
  const url = `rsync://${user === undefined ? '' : `${user}@`}${address}/${names.join('/')}`;
  const shared = { url, source: `${url}/`, host, port, module, path: folders.join('/') };
  return user === undefined ? shared : { ...shared, user };
}
