import { AclError, isHost, isUser, parsePublicKey } from '@pushmirror/acl';
import type { Announcement, SshSource } from '@pushmirror/trigger/access';
import { appendAudit, type Actor } from '../db/audit.ts';
import {
  deleteNetworkKey,
  deleteSshSource,
  listNetworkKeys,
  listSshSources,
  putNetworkKey,
  putSshSource,
} from '../db/network-keys.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { MasterError } from '../errors.ts';

/** How long the key of before still lets a mirror pull. */
const OVERLAP_MS = 86_400_000;

/** Another key of a mirror was asked for, and waits for somebody's word. */
export interface Announced {
  held: boolean;
}

/**
 * Take what an agent says of itself: the key with which it pulls over SSH (the one of before is
 * accepted for another day), and where others pull from it. The host key of that place is pinned:
 * another one is held until an operator or administrator confirms it, and until then the one of
 * before counts.
 *
 * @throws MasterError `invalid`
 */
export function announce(
  db: Db,
  mirror: string,
  said: Announcement,
  by: Actor,
  now: () => Date,
): Promise<Announced> {
  return db.transaction().execute(async (trx) => {
    const at = now();
    const changes: Record<string, unknown> = {};
    if (said.pullKey !== undefined) {
      const key = keyLine(said.pullKey, 'pull key');
      if (await takePullKey(trx, mirror, key, at)) changes['pullKey'] = key;
    }
    let held = false;
    if (said.sshSource === null) {
      await deleteSshSource(trx, mirror);
    } else if (said.sshSource !== undefined) {
      const source = checkedSource(said.sshSource);
      const taken = await takeSource(trx, mirror, source, at);
      if (taken !== 'known') changes['sshSource'] = { ...source, taken };
      held = taken === 'held';
    }
    if (Object.keys(changes).length > 0) {
      await appendAudit(trx, at, by, { action: 'key-announce', subject: mirror, detail: changes });
    }
    return { held };
  });
}

/** Returns whether it is news. */
async function takePullKey(trx: DbOrTrx, mirror: string, key: string, at: Date): Promise<boolean> {
  const all = await listNetworkKeys(trx);
  if (all.some((one) => one.kind === 'pull' && one.public_key === key && one.owner !== mirror)) {
    throw invalid('Another mirror pulls with this key. Each needs one of its own.');
  }
  const mine = all.filter((one) => one.kind === 'pull' && one.owner === mirror);
  if (mine.some((one) => one.public_key === key && one.state === 'current')) return false;
  const until = new Date(at.getTime() + OVERLAP_MS).toISOString();
  for (const one of mine.filter(({ state }) => state === 'current')) {
    await putNetworkKey(trx, { ...one, state: 'old', until });
  }
  const row = { kind: 'pull', owner: mirror, public_key: key, state: 'current' } as const;
  await putNetworkKey(trx, { ...row, since: at.toISOString(), until: null });
  return true;
}

async function takeSource(
  trx: DbOrTrx,
  mirror: string,
  source: SshSource,
  at: Date,
): Promise<'known' | 'changed' | 'held'> {
  const before = (await listSshSources(trx)).find((one) => one.mirror === mirror);
  const kept = before?.host_key ?? source.hostKey;
  await putSshSource(trx, { mirror, url: source.url, host_key: kept });
  const isHeld = kept !== source.hostKey;
  for (const one of await listNetworkKeys(trx)) {
    if (one.kind !== 'source' || one.owner !== mirror) continue;
    if (isHeld && one.public_key === source.hostKey) return 'held';
    await deleteNetworkKey(trx, one);
  }
  if (!isHeld) return before?.url === source.url ? 'known' : 'changed';
  const row = { kind: 'source', owner: mirror, public_key: source.hostKey } as const;
  await putNetworkKey(trx, { ...row, state: 'held', since: at.toISOString(), until: null });
  return 'held';
}

function checkedSource({ url, hostKey }: SshSource): SshSource {
  const found = /^ssh:\/\/([^@/]+)@(\[[0-9a-f:.]+\]|[^:/[\]]+)(?::([0-9]{1,5}))?$/i.exec(url);
  const [, user = '', host = '', port = '22'] = found ?? [];
  const number = Number(port);
  const good = isUser(user) && isHost(host.replace(/^\[|\]$/g, '')) && number > 0 && number < 65536;
  if (!good) throw invalid('Where others pull over SSH is to be ssh://USER@HOST[:PORT].');
  return { url, hostKey: keyLine(hostKey, 'host key') };
}

function keyLine(text: string, what: string): string {
  try {
    return parsePublicKey(text).line;
  } catch (cause) {
    if (!(cause instanceof AclError)) throw cause;
    throw invalid(`The ${what}: ${cause.message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): MasterError {
  return new MasterError('invalid', message, cause === undefined ? {} : { cause });
}
