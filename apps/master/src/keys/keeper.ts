import { readFile } from 'node:fs/promises';
import { replaceFile } from '@pushmirror/host';
import { formatHold, HOLD_NAMESPACE, parseHold } from '@pushmirror/trigger/head/hold';
import { parseSigners } from '@pushmirror/trigger/head/signers';
import { signMessage, verifyMessage } from '@pushmirror/trigger/head/sshsig';
import type { MasterConfig } from '../config.ts';
import { listArchives } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { newestHold, replaceHoldText } from '../db/holds.ts';
import { deleteNetworkKey, deleteOldNetworkKeys, putNetworkKey } from '../db/network-keys.ts';
import type { Db } from '../db/open.ts';
import { listSignersTexts } from '../db/signers-texts.ts';
import { MASTER } from '../registry/tree.ts';
import type { MasterKeys } from '../setup/keys.ts';
import { every } from '../setup/every.ts';
import { allowedSignersText } from './allowed-signers-text.ts';
import { moveNextKey } from './next-key.ts';
import { rotateKey, type RotateOptions } from './rotate.ts';
import { endRotation, readRotation, type Rotation } from './rotation.ts';

/** The master's own keys as they follow one another. */
export interface KeyKeeper {
  rotate(o: RotateOptions, by: Actor): Promise<Rotation>;
  /** Texts on who may sign, one after the other, as they lie in the trees. */
  signersText(): Promise<Buffer>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface KeeperOptions {
  config: MasterConfig;
  db: Db;
  keys: MasterKeys;
  now: () => Date;
  /** Told when what mirrors go by has changed. */
  onAnnounced: () => Promise<void>;
  /** Another key signs from now on: what is public is to be signed with it. */
  onSigning: () => Promise<void>;
  /** Another key pushes from now on. */
  onPushing: () => void;
  onTrouble: (error: unknown) => void;
}

const LOOK_EVERY_MS = 1_000;
const MASTER_ACTOR: Actor = { name: MASTER, origin: '' };

export function createKeyKeeper(o: KeeperOptions): KeyKeeper {
  const { config, db, keys, now } = o;

  const rotate: KeyKeeper['rotate'] = async (options, by) => {
    const needs = {
      db,
      network: config.network,
      signingKeyPath: config.signing_key,
      pushKeyPath: config.push_key,
      signingKey: keys.signingKey,
      pushKey: keys.pushKey.line,
      now,
    };
    const rotation = await rotateKey(needs, options, by);
    await writeAllowedSigners();
    await o.onAnnounced();
    await look();
    return rotation;
  };

  /** Also after a crash between the announcement and this. */
  const writeAllowedSigners = async () => {
    const rows = await listSignersTexts(db);
    const texts = rows.map(({ text }) => parseSigners(Buffer.from(text, 'latin1')));
    const before = await readFile(config.allowed_signers, 'utf8');
    const after = allowedSignersText(before, texts);
    if (after !== before) await replaceFile(config.allowed_signers, after, 0o644);
  };

  const look = async () => {
    const signing = await readRotation(db, 'signing');
    if (signing !== undefined && signing.switchAt <= now()) {
      await moveNextKey(config.signing_key);
      keys.reread();
      await resignHolds(db, keys);
      await finish('signing', signing);
      await o.onSigning();
    }
    const push = await readRotation(db, 'push');
    if (push !== undefined && push.switchAt <= now()) {
      await moveNextKey(config.push_key);
      keys.reread();
      await finish('push', push);
      o.onPushing();
      await o.onAnnounced();
    }
    await deleteOldNetworkKeys(db, now().toISOString());
  };

  const finish = (kind: 'signing' | 'push', rotation: Rotation) =>
    db.transaction().execute(async (trx) => {
      const at = now();
      await endRotation(trx, kind);
      if (kind === 'push') {
        const row = { kind, owner: MASTER } as const;
        await deleteNetworkKey(trx, { ...row, public_key: rotation.next });
        await putNetworkKey(trx, {
          ...row,
          public_key: rotation.old,
          state: 'old',
          since: at.toISOString(),
          until: rotation.until.toISOString(),
        });
      }
      const detail = { kind, key: rotation.next };
      const entry = { action: 'key-switch', subject: MASTER, detail };
      await appendAudit(trx, at, MASTER_ACTOR, entry);
    });

  const rounds = every(LOOK_EVERY_MS, look, o.onTrouble);
  return {
    rotate,
    async signersText() {
      const rows = await listSignersTexts(db);
      return Buffer.from(rows.map(({ text }) => text).join(''), 'latin1');
    },
    async start() {
      await writeAllowedSigners();
      await rounds.start();
    },
    close: () => rounds.stop(),
  };
}

/** The same words under the new signature, so that they count beyond the old key's end. */
async function resignHolds(db: Db, { signingKey }: MasterKeys): Promise<void> {
  for (const { name } of await listArchives(db)) {
    const row = await newestHold(db, name);
    if (row === undefined) continue;
    const { hold, body, armour } = parseHold(Buffer.from(row.text, 'latin1'));
    const { blob } = verifyMessage(body, armour, HOLD_NAMESPACE);
    if (signingKey.publicKey.blob.equals(blob)) continue;
    const words = formatHold(hold);
    const text = words + signMessage(Buffer.from(words, 'latin1'), signingKey, HOLD_NAMESPACE);
    await replaceHoldText(db, row, text);
  }
}
