import { isHost } from '@pushmirror/acl';
import { NetError } from './errors.ts';

/** A URL that may be asked, once its addresses have been checked. */
export interface Target {
  url: URL;
  /** A name or an address, without brackets. */
  host: string;
  port: number;
  tls: boolean;
}

const LONGEST = 2000;
const LOWEST_OTHER_PORT = 1024;

/**
 * Read an `http:` or `https:` URL from outside. Strict: the host must be written as it is meant (not
 * `127.1`, `0x7f.1`, `①②⑦.0.0.1`), without user, password, backslash, blank or control character,
 * and at port 80, 443 or above 1023, where no mail, shell or database of old listens.
 *
 * @throws NetError `bad-url`
 */
export function parseTarget(text: string): Target {
  if (text.length > LONGEST) throw bad('it is longer than 2000 characters');
  const form =
    /^(https?):\/\/(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,253}))(?::(\d{1,5}))?([/?][\x21-\x5b\x5d-\x7e]*)?$/i;
  const [, scheme = '', six, name] = form.exec(text) ?? [];
  const written = six ?? name;
  if (written === undefined) throw bad('expected one such as "https://mirror.example.org/debian/"');
  const url = parse(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (six === undefined ? host !== written.toLowerCase() : !host.includes(':')) {
    throw bad('its host is written in an unusual way');
  }
  if (!isHost(host)) throw bad('its host is not a host name or an address');
  const tls = scheme.toLowerCase() === 'https';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  if (port !== 80 && port !== 443 && port < LOWEST_OTHER_PORT) {
    throw bad('its port must be 80, 443 or above 1023');
  }
  return { url, host, port, tls };
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw bad('it is not a URL', cause);
  }
}

function bad(why: string, cause?: unknown): NetError {
  return new NetError('bad-url', `The URL cannot be used: ${why}.`, { cause });
}
