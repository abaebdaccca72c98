import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import { seeHostKey } from '@pushmirror/trigger/send/see-host-key';
import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror, updateMirror } from '../db/mirrors.ts';
import type { NetworkKeyRow } from '../db/network-key-schema.ts';
import {
  deleteNetworkKey,
  listNetworkKeys,
  listSshSources,
  putNetworkKey,
  putSshSource,
} from '../db/network-keys.ts';
import type { Db } from '../db/open.ts';
import { MasterError } from '../errors.ts';

const LOOK_MS = 10_000;

/**
 * A mirror showed another host key than the pinned one: keep it, held, for somebody to confirm.
 * Until then the pinned one alone counts, and nothing is sent.
 *
 * @returns whether it is held for the first time.
 */
export async function holdHostKey(db: Db, mirror: string, now: () => Date): Promise<boolean> {
  const row = await findMirror(db, mirror);
  if (row === undefined) return false;
  const at = { host: row.ssh_host, port: row.ssh_port };
  const shown = await seeHostKey(at, row.host_key, LOOK_MS);
  if (shown === undefined || shown === row.host_key) return false;
  return db.transaction().execute(async (trx) => {
    const held = (await listNetworkKeys(trx)).filter((one) => isHeld(one, mirror, 'host'));
    if (held.some(({ public_key: key }) => key === shown)) return false;
    for (const one of held) await deleteNetworkKey(trx, one);
    const key = { kind: 'host', owner: mirror, public_key: shown, state: 'held' } as const;
    const since = now().toISOString();
    await putNetworkKey(trx, { ...key, since, until: null });
    const detail = { shown: printOf(shown), pinned: printOf(row.host_key) };
    const entry = { action: 'host-key-held', subject: mirror, detail };
    await appendAudit(trx, now(), { name: 'master', origin: '' }, entry);
    return true;
  });
}

/**
 * Somebody says that a held host key is the real one: it is pinned from now on.
 *
 * @param print its fingerprint, as the host's own operator knows it.
 * @returns what it is the key of.
 * @throws MasterError `invalid` when no such key is held.
 */
export function confirmHostKey(
  db: Db,
  of: { mirror: string; fingerprint: string },
  by: Actor,
  now: () => Date,
): Promise<'host' | 'source'> {
  const { mirror } = of;
  return db.transaction().execute(async (trx) => {
    const held = (await listNetworkKeys(trx)).filter((one) => isHeld(one, mirror));
    const found = held.find(({ public_key: key }) => printOf(key) === of.fingerprint);
    if (found === undefined) {
      const known = held.map(({ public_key: key }) => printOf(key)).join(', ');
      const which = known === '' ? 'No key of it is held.' : `Held: ${known}.`;
      throw new MasterError('invalid', `There is no such key of ${mirror} to confirm. ${which}`);
    }
    await deleteNetworkKey(trx, found);
    const kind = found.kind === 'source' ? 'source' : 'host';
    if (kind === 'host') await updateMirror(trx, mirror, { host_key: found.public_key });
    else {
      const source = (await listSshSources(trx)).find((one) => one.mirror === mirror);
      if (source !== undefined) await putSshSource(trx, { ...source, host_key: found.public_key });
    }
    const detail = { kind, key: of.fingerprint };
    await appendAudit(trx, now(), by, { action: 'host-key-confirm', subject: mirror, detail });
    return kind;
  });
}

function isHeld(one: NetworkKeyRow, mirror: string, kind?: 'host'): boolean {
  return one.state === 'held' && one.owner === mirror && (kind ?? one.kind) === one.kind;
}

function printOf(line: string): string {
  return fingerprint(parsePublicKey(line).blob);
}
