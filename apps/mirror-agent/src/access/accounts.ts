import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRsyncUser } from '@pushmirror/acl';
import { errnoOf, replaceFile } from '@pushmirror/host';
import type { AccessResponse } from '@pushmirror/trigger/access';
import type { AccountOf } from '../sync/archive-settings.ts';
import { parseUpstream, type Upstream } from '../sync/upstream-url.ts';

/** The accounts with which this mirror pulls, each secret in a file that rsync reads. */
export interface Accounts {
  of: AccountOf;
  /** Take over what the master told; resolves when the files are there. */
  set(upstreams: AccessResponse['upstreams']): Promise<void>;
}

/** @param folder is made, for its owner only. */
export function createAccounts(folder: string): Accounts {
  let accounts = new Map<string, { user: string; passwordFile: string }>();
  return {
    of: (upstream) => accounts.get(placeOf(upstream)),
    async set(upstreams) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const next: typeof accounts = new Map();
      for (const { url, user, secret } of upstreams) {
        const place = placeOf(parseUpstream(`${url.replace(/\/$/, '')}/any`));
        // They become words of rsync's command line, and the names of files.
        if (!isRsyncUser(user) || !/^[A-Za-z0-9_-]+$/.test(secret)) continue;
        const passwordFile = join(folder, `${user}@${place}`);
        await replaceFile(passwordFile, `${secret}\n`, 0o600);
        next.set(place, { user, passwordFile });
      }
      // An rsync that is just starting may still read the files of before: those go the next time.
      const inUse = [...accounts.values(), ...next.values()].map((one) => one.passwordFile);
      accounts = next;
      await sweep(folder, new Set(inUse));
    },
  };
}

function placeOf({ host, port }: Pick<Upstream, 'host' | 'port'>): string {
  return `${host.toLowerCase()}_${port}`;
}

async function sweep(folder: string, inUse: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (inUse.has(path)) continue;
    await rm(path, { force: true }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EISDIR') throw error;
    });
  }
}
