import { HEAD_NAMESPACE, parseHead, type SignedHead } from '@pushmirror/trigger/head/head';
import { signHead } from '@pushmirror/trigger/head/sign';
import type { SigningKey } from '@pushmirror/trigger/head/signing-key';
import { verifyMessage } from '@pushmirror/trigger/head/sshsig';
import { listArchives } from '../db/archives.ts';
import type { Db } from '../db/open.ts';
import { newestHold } from '../db/holds.ts';
import { currentRelease, publicRelease, replaceHead } from '../db/releases.ts';
import type { ArchiveRow, ReleaseRow } from '../db/schema.ts';
import { isHeartbeatDue } from './heartbeat.ts';
import {
  clearHalfWritten,
  readPublicHead,
  readPublicHold,
  writePublicHead,
  writePublicHold,
  writePublicSigners,
} from './public-head.ts';
import { listSignersTexts } from '../db/signers-texts.ts';
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
  /** Write the head and the trace files of the newest public release into the archive's tree. */
  makePublic(archive: ArchiveRow): Promise<void>;
  /** Write the archive's newest hold into its tree. */
  makeHoldPublic(archive: ArchiveRow): Promise<void>;
  /** Make every public head and hold what the database says: after a crash in between, it is not. */
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
    const release = await publicRelease(o.db, archive.name);
    if (release !== undefined) await publish(archive, release);
  };

  /** Returns whether there was anything to do. */
  const makeHoldPublic = async (archive: ArchiveRow): Promise<boolean> => {
    const hold = await newestHold(o.db, archive.name);
    if (hold === undefined || (await readPublicHold(archive.path)) === hold.text) return false;
    await writePublicHold(archive.path, hold.text);
    return true;
  };

  /** The hold first: nobody must find a head without the hold that is about it. */
  const restoreOne = async (archive: ArchiveRow): Promise<boolean> => {
    await clearHalfWritten(archive.path, o.name);
    const signers = await listSignersTexts(o.db);
    const texts = signers.map(({ text }) => text).join('');
    await writePublicSigners(archive.path, Buffer.from(texts, 'latin1'));
    await makeHoldPublic(archive);
    const release = await publicRelease(o.db, archive.name);
    if (release === undefined) return false;
    if ((await readPublicHead(archive.path)) === release.head) return false;
    await publish(archive, release);
    return true;
  };

  /** The release that is public, and the newest one while it is not: both must stay fresh. */
  const beatOne = async (archive: ArchiveRow): Promise<boolean> => {
    const published = await publicRelease(o.db, archive.name);
    const newest = await currentRelease(o.db, archive.name);
    let beaten = false;
    if (published !== undefined) {
      const fresh = await issueAnew(published);
      if (fresh !== undefined) await publish(archive, fresh);
      beaten = fresh !== undefined;
    }
    if (newest === undefined || newest.serial === published?.serial) return beaten;
    return (await issueAnew(newest)) !== undefined || beaten;
  };

  /** When it is due. */
  const issueAnew = async (release: ReleaseRow): Promise<ReleaseRow | undefined> => {
    const times = { issued: new Date(release.issued_at), expires: new Date(release.expires_at) };
    if (!isHeartbeatDue(times, o.now()) && isOurs(release.head)) return undefined;
    const fresh = headOf(sign(releaseOf(release)));
    await replaceHead(o.db, release, fresh);
    return { ...release, ...fresh };
  };

  /** Whether the key that signs now has signed it. */
  const isOurs = (head: string): boolean => {
    const { body, armour } = parseHead(Buffer.from(head, 'latin1'));
    const { blob } = verifyMessage(body, armour, HEAD_NAMESPACE);
    return o.signingKey.publicKey.blob.equals(blob);
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

  return {
    sign,
    makePublic,
    makeHoldPublic: async (archive) => void (await makeHoldPublic(archive)),
    restore: () => each(restoreOne),
    beat: () => each(beatOne),
  };
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
