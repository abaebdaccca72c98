import { parseTarget } from '@pushmirror/net';
import { archiveFolder } from './archive-folder.ts';

/** One protocol over which a mirror's tree of an archive is read. */
export interface Place {
  protocol: 'http' | 'https' | 'rsync';
  host: string;
  port: number;
  /** The archive's root, with a slash at its end. */
  url: string;
  /** Its operator gave this one; the other is tried because readers would. */
  registered: boolean;
}

const RSYNC_PORT = 873;

/**
 * Where a mirror's archive is to be looked at: its web address, the same over the other of HTTP and
 * HTTPS where it has the usual port, and its rsync server.
 *
 * @param archives those that the mirror carries
 * @throws NetError `bad-url`
 */
export function placesOf(
  mirror: { http_url: string | null; rsync_url: string | null },
  archive: string,
  archives: readonly string[],
): Place[] {
  return [
    ...(mirror.http_url === null
      ? []
      : webPlaces(archiveFolder(mirror.http_url, archive, archives))),
    ...(mirror.rsync_url === null ? [] : [rsyncPlace(mirror.rsync_url, archive)]),
  ];
}

function webPlaces(url: string): Place[] {
  const own = webPlace(url, true);
  const isUsual = own.port === (own.protocol === 'https' ? 443 : 80);
  if (!isUsual) return [own];
  const scheme = own.protocol === 'https' ? 'http:' : 'https:';
  return [own, webPlace(url.replace(/^https?:/, scheme), false)];
}

function webPlace(url: string, registered: boolean): Place {
  const { host, port, tls } = parseTarget(url);
  return { protocol: tls ? 'https' : 'http', host, port, url, registered };
}

function rsyncPlace(text: string, archive: string): Place {
  const { hostname, port } = new URL(text);
  return {
    protocol: 'rsync',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? RSYNC_PORT : Number(port),
    url: `${text.replace(/\/+$/, '')}/${archive}/`,
    registered: true,
  };
}
