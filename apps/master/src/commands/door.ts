import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { readTables } from '@pushmirror/config/load';
import { localUrl } from '../local-url.ts';

/** What it takes to ask the running master. */
export interface Door {
  /** `http://127.0.0.1:8470` */
  base: string;
  tokenFile: string;
}

/**
 * Find the running master by two of its settings. It has checked all of them itself; a command that
 * did so too would spend most of its time on that. Where these two are not as they should be, the
 * check of the whole file says what is wrong.
 *
 * @throws ConfigError
 */
export async function findDoor(path: string): Promise<Door> {
  const { admin_token_file: tokenFile, listen } = readTables(path);
  const base = typeof listen === 'object' && listen !== null ? plainUrl({ ...listen }) : undefined;
  if (base !== undefined && typeof tokenFile === 'string' && isAbsolute(tokenFile)) {
    return { base, tokenFile };
  }
  const { readMasterConfig } = await import('../config.ts');
  const config = readMasterConfig(path);
  return { base: localUrl(config), tokenFile: config.admin_token_file };
}

function plainUrl({ address, port }: { address?: unknown; port?: unknown }): string | undefined {
  if (typeof address !== 'string' || isIP(address) === 0) return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port)) return undefined;
  return port > 0 && port <= 65535 ? localUrl({ listen: { address, port } }) : undefined;
}
