import {
  AclError,
  isArchiveName,
  isHost,
  isMirrorName,
  isUser,
  parsePublicKey,
} from '@pushmirror/acl';
import type { ArchiveRow, MirrorArchiveRow, MirrorRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';
import { changedStock, type StockChange } from './stock.ts';
import { MASTER, treeOf } from './tree.ts';

/** What an administrator says of a mirror that is to be added. */
export interface NewMirror {
  name: string;
  kind: 'agent' | 'ftpsync';
  ssh: { host: string; port: number; user: string };
  /** The mirror's SSH host key, as in its ssh_host_*_key.pub. */
  hostKey: string;
  /** The public key with which it pushes its own downstreams, when it is a hub. */
  pushKey?: string | undefined;
  /** Another mirror; the master when left out. */
  upstream?: string | undefined;
  archives: readonly string[];
  httpUrl?: string | undefined;
  rsyncUrl?: string | undefined;
  country?: string | undefined;
  contact?: string | undefined;
  /** Its operators agreed that everybody may see the contact. */
  contactPublic?: boolean | undefined;
  sponsor?: string | undefined;
  bandwidth?: string | undefined;
  /** Where it pulls from: addresses and networks. */
  addresses?: readonly string[];
  /** Of a stock ftpsync mirror. */
  stock?: StockChange | undefined;
}

/** What is known already. */
export interface Known {
  mirrors: readonly MirrorRow[];
  archives: readonly ArchiveRow[];
  optIns: readonly Pick<MirrorArchiveRow, 'mirror' | 'archive'>[];
}

/**
 * Check a new mirror against the network, and shape its row.
 *
 * @throws MasterError `invalid`, `already-exists`, `unknown-mirror`, `unknown-archive` or `cycle`.
 */
export function checkNewMirror(mirror: NewMirror, known: Known, at: Date): MirrorRow {
  checkNames(mirror);
  if (known.mirrors.some((other) => other.name === mirror.name)) {
    throw new MasterError('already-exists', `There is a mirror ${mirror.name} already.`);
  }
  const row: MirrorRow = {
    name: mirror.name,
    kind: mirror.kind,
    state: 'active',
    state_reason: null,
    state_at: null,
    upstream: mirror.upstream ?? null,
    ssh_host: mirror.ssh.host,
    ssh_port: mirror.ssh.port,
    ssh_user: mirror.ssh.user,
    host_key: keyLine(mirror.hostKey, 'host key'),
    push_key: mirror.pushKey === undefined ? null : keyLine(mirror.pushKey, 'push key'),
    http_url: mirror.httpUrl ?? null,
    rsync_url: mirror.rsyncUrl ?? null,
    country: mirror.country ?? null,
    contact: mirror.contact ?? null,
    contact_public: mirror.contactPublic === true ? 1 : 0,
    sponsor: mirror.sponsor ?? null,
    bandwidth: mirror.bandwidth ?? null,
    addresses: mirror.addresses === undefined ? null : JSON.stringify(mirror.addresses),
    added_at: at.toISOString(),
    quarantined_at: null,
    quarantine_reason: null,
    quarantine_by: null,
    quarantine_good: 0,
    slots: null,
    standing: 1,
    stock: null,
  };
  row.stock = changedStock(row, mirror.stock ?? {});
  treeOf([...known.mirrors, row]);
  checkArchives(mirror, known);
  checkSender(row, known);
  return row;
}

function checkNames({ name, ssh }: NewMirror): void {
  if (!isMirrorName(name) || name === MASTER) {
    throw invalid('This is not a name for a mirror: use its host name in lower case.');
  }
  if (!isHost(ssh.host)) throw invalid(`${name}: the SSH host is not a host name or an address.`);
  if (!isUser(ssh.user)) throw invalid(`${name}: the SSH user is not a plain user name.`);
}

/** It may only ask for what exists, and for what its upstream carries. */
function checkArchives({ name, archives, upstream }: NewMirror, known: Known): void {
  if (archives.length === 0) throw invalid(`${name}: name at least one archive to mirror.`);
  for (const archive of archives) {
    if (!isArchiveName(archive) || !known.archives.some((one) => one.name === archive)) {
      const shown = isArchiveName(archive) ? ` ${archive}` : ' with such a name';
      throw new MasterError('unknown-archive', `There is no archive${shown}.`);
    }
    const carried = known.optIns.some((o) => o.mirror === upstream && o.archive === archive);
    if (upstream !== undefined && !carried) {
      throw invalid(`${upstream} does not carry ${archive}, so ${name} cannot pull it from there.`);
    }
  }
}

/** Whoever is to push it must have a key to do so. */
function checkSender(row: MirrorRow, known: Known): void {
  const sender = treeOf([...known.mirrors, row]).senderOf(row.name);
  if (sender === MASTER) return;
  if (known.mirrors.find((mirror) => mirror.name === sender)?.push_key !== null) return;
  throw invalid(
    `${sender} has no push key, so it cannot be a hub. Add it with --push-key and its public key.`,
  );
}

function keyLine(text: string, what: string): string {
  try {
    return parsePublicKey(text).line;
  } catch (cause) {
    if (!(cause instanceof AclError)) throw cause;
    throw new MasterError('invalid', `The ${what}: ${cause.message}`, { cause });
  }
}

function invalid(message: string): MasterError {
  return new MasterError('invalid', message);
}
