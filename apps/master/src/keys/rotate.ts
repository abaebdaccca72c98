import { parsePublicKey } from '@pushmirror/acl';
import { parseSigners, signSigners, type Signer } from '@pushmirror/trigger/head/signers';
import type { SigningKey } from '@pushmirror/trigger/head/signing-key';
import { appendAudit, type Actor } from '../db/audit.ts';
import { putNetworkKey } from '../db/network-keys.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { insertSignersText, listSignersTexts } from '../db/signers-texts.ts';
import { MasterError } from '../errors.ts';
import { MASTER } from '../registry/tree.ts';
import { haveNextKey } from './next-key.ts';
import { readRotation, writeRotation, type RotatedKind, type Rotation } from './rotation.ts';

export interface RotateOptions {
  kind: RotatedKind;
  /** Milliseconds from now until the new key is used: the time in which mirrors hear of it. */
  leadMs: number;
  /** Milliseconds from now for which the old key is accepted. */
  overlapMs: number;
}

/** What it takes to announce a new key. */
export interface RotateNeeds {
  db: Db;
  network: string;
  /** The key files. */
  signingKeyPath: string;
  pushKeyPath: string;
  /** The keys in use. */
  signingKey: SigningKey;
  pushKey: string;
  now: () => Date;
}

/**
 * Announce a new key of the master. Nothing is signed or sent with it before its time, and the old
 * one is accepted beside it until the overlap is over. A new signing key is told in a text that the
 * one in use has signed: mirrors believe nothing else.
 *
 * @throws MasterError `invalid`, `already-decided` while another rotation is under way.
 */
export async function rotateKey(
  needs: RotateNeeds,
  { kind, leadMs, overlapMs }: RotateOptions,
  by: Actor,
): Promise<Rotation> {
  const { db, now } = needs;
  if (overlapMs < leadMs) {
    const message = 'The old key must be accepted at least until the new one is used.';
    throw new MasterError('invalid', message);
  }
  await refuseSecond(db, kind);
  const path = kind === 'signing' ? needs.signingKeyPath : needs.pushKeyPath;
  const does = kind === 'signing' ? 'signs heads of' : 'pushes for';
  const next = await haveNextKey(path, `${does} ${needs.network}`);
  return db.transaction().execute(async (trx) => {
    await refuseSecond(trx, kind);
    const at = wholeSecond(now());
    const rotation: Rotation = {
      old: kind === 'signing' ? needs.signingKey.publicKey.line : needs.pushKey,
      next,
      switchAt: new Date(at.getTime() + leadMs),
      until: wholeSecond(new Date(at.getTime() + overlapMs)),
    };
    await writeRotation(trx, kind, rotation);
    if (kind === 'signing') await writeText(trx, needs, rotation, by, at);
    else {
      const row = { kind: 'push', owner: MASTER, public_key: next, state: 'next' } as const;
      await putNetworkKey(trx, { ...row, since: at.toISOString(), until: null });
    }
    const { switchAt, until } = rotation;
    const detail = { kind, next, switchAt, until };
    await appendAudit(trx, at, by, { action: 'key-rotate', subject: MASTER, detail });
    return rotation;
  });
}

async function refuseSecond(db: DbOrTrx, kind: RotatedKind): Promise<void> {
  const before = await readRotation(db, kind);
  if (before === undefined) return;
  throw new MasterError(
    'already-decided',
    `A new ${kind} key is announced already; it is used from ${before.switchAt.toISOString()} on.`,
  );
}

async function writeText(
  trx: DbOrTrx,
  { network, signingKey }: RotateNeeds,
  { next, until }: Rotation,
  by: Actor,
  at: Date,
): Promise<void> {
  const rows = await listSignersTexts(trx);
  const newest = rows.at(-1);
  const before = newest && parseSigners(Buffer.from(newest.text, 'latin1')).signers.signers;
  const current = signingKey.publicKey;
  const others = (before ?? []).filter(
    ({ key, validBefore }) =>
      key.line !== current.line && validBefore !== undefined && validBefore > at,
  );
  const own = before?.find(({ key }) => key.line === current.line);
  const signers: Signer[] = [
    ...others,
    { ...own, key: current, validBefore: until },
    { key: parsePublicKey(next) },
  ];
  const sequence = (newest?.sequence ?? 0) + 1;
  const signed = signSigners({ network, sequence, signers, issued: at }, signingKey);
  await insertSignersText(trx, {
    sequence,
    text: signed.bytes.toString('latin1'),
    issued_at: at.toISOString(),
    issued_by: by.name,
  });
}

function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
