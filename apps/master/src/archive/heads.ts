import { parseHead, type SignedHead } from '@pushmirror/trigger/head/head';
import { signHead } from '@pushmirror/trigger/head/sign';
import type { SigningKey } from '@pushmirror/trigger/head/signing-key';
import { listArchives } from '../db/archives.ts';
import type { Db } from '../db/open.ts';
import { currentRelease, replaceHead } from '../db/releases.ts';
import type { ArchiveRow, ReleaseRow } from '../db/schema.ts';
import { isHeartbeatDue } from './heartbeat.ts';
import { clearHalfWritten, readPublicHead, writePublicHead } from './public-head.ts';
import type { Turns } from './turns.ts';

/** What it takes to sign heads and to put them where mirrors find them. */
export interface HeadsOptions {
  db: Db;
  network: string;
  /** The master's own name: of its trace file. */
  name: string;
  signingKey: SigningKey;
  /** Milliseconds. */
  lifetimeMs: number;
  turns: Turns;
  now: () => Date;
}

/** The heads of all archives: signing them, making them public, keeping them fresh. */
export interface Heads {
  sign(release: {
    archive: string;
    epoch: number;
    serial: number;
    manifest?: { sha256: string; bytes: number };
  }): SignedHead;
  /** Write the head and the trace files of the newest release into the archive's tree. */
  makePublic(archive: ArchiveRow): Promise<void>;
  /** Make every public head what the database says: after a crash in between, it is not. */
  restore(): Promise<{ archive: string; error?: unknown }[]>;
  /** Issue anew the heads that are due; returns the archives whose head changed. */
  beat(): Promise<{ archive: string; error?: unknown }[]>;
}

export function createHeads(o: HeadsOptions): Heads {
  const sign: Heads['sign'] = (release) => {
    const issued = o.now();
    const expires = new Date(issued.getTime() + o.lifetimeMs);
    return signHead({ network: o.network, ...release, issued, expires }, o.signingKey);
  };

  const publish = (archive: ArchiveRow, release: Pick<ReleaseRow, 'head' | 'published_at'>) => {
    const signed = parseHead(Buffer.from(release.head, 'latin1'));
    return writePublicHead(archive.path, o.name, signed, new Date(release.published_at));
  };

  const makePublic = async (archive: ArchiveRow) => {
    const release = await currentRelease(o.db, archive.name);
    if (release !== undefined) await publish(archive, release);
  };

  const restoreOne = async (archive: ArchiveRow): Promise<boolean> => {
    const release = await currentRelease(o.db, archive.name);
    if (release === undefined) return false;
    await clearHalfWritten(archive.path, o.name);
    if ((await readPublicHead(archive.path)) === release.head) return false;
    await publish(archive, release);
    return true;
  };

  const beatOne = async (archive: ArchiveRow): Promise<boolean> => {
    const release = await currentRelease(o.db, archive.name);
    if (release === undefined) return false;
    const times = { issued: new Date(release.issued_at), expires: new Date(release.expires_at) };
    if (!isHeartbeatDue(times, o.now())) return false;
    const fresh = headOf(sign(releaseOf(release)));
    await replaceHead(o.db, release, fresh);
    await publish(archive, { ...release, ...fresh });
    return true;
  };

  /** Each archive in its turn, so that a heartbeat never overtakes a publish; one error each. */
  const each = async (action: (archive: ArchiveRow) => Promise<boolean>) => {
    const changed: { archive: string; error?: unknown }[] = [];
    for (const archive of await listArchives(o.db)) {
      try {
        const done = await o.turns.take(archive.name, () => action(archive));
        if (done) changed.push({ archive: archive.name });
      } catch (error) {
        changed.push({ archive: archive.name, error });
      }
    }
    return changed;
  };

  return { sign, makePublic, restore: () => each(restoreOne), beat: () => each(beatOne) };
}

function releaseOf(row: ReleaseRow) {
  const { archive, epoch, serial, manifest_sha256: sha256, manifest_bytes: bytes } = row;
  const release = { archive, epoch, serial };
  return sha256 === null || bytes === null ? release : { ...release, manifest: { sha256, bytes } };
}

function headOf(signed: SignedHead) {
  return {
    head: signed.bytes.toString('latin1'),
    issued_at: signed.head.issued.toISOString(),
    expires_at: signed.head.expires.toISOString(),
  };
}
