import { readFileSync } from 'node:fs';
import { fingerprint, parsePublicKey, type PublicKey } from '@pushmirror/acl';
import { errnoOf, HostError, readSecret } from '@pushmirror/host';
import { findSigner, parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import { HEAD_NAMESPACE } from '@pushmirror/trigger/head/head';
import { HOLD_NAMESPACE } from '@pushmirror/trigger/head/hold';
import { readSigningKey, type SigningKey } from '@pushmirror/trigger/head/signing-key';
import { readPushKey } from '@pushmirror/trigger/send/push-key';
import type { MasterConfig } from '../config.ts';
import { MasterError } from '../errors.ts';

/** The master's keys and its administrator's token. */
export interface MasterKeys {
  /** Always the one in use. */
  signingKey: SigningKey;
  /** The public half of the push key in use. */
  readonly pushKey: PublicKey;
  adminToken: string;
  /** The text of allowed_signers as it is now. */
  readAllowedSigners(): string;
  /** Read the key files again, since other keys lie there now. */
  reread(): void;
}

/**
 * Read all keys before anything is started, so that a missing, exposed or mismatched one is said
 * at once.
 *
 * @throws HostError, TriggerError, or MasterError `wrong-state` when no mirror would believe what
 * this key signs.
 */
export function readKeys(config: MasterConfig): MasterKeys {
  let signing = readSigningKey(config.signing_key);
  const readAllowedSigners = () => readText(config.allowed_signers);
  checkSigner(signing, config, readAllowedSigners());
  let pushKey = publicPushKey(config.push_key);
  const adminToken = readSecret(config.admin_token_file).toString('utf8').trim();
  return {
    signingKey: {
      get publicKey() {
        return signing.publicKey;
      },
      sign: (data) => signing.sign(data),
    },
    get pushKey() {
      return pushKey;
    },
    adminToken,
    readAllowedSigners,
    reread() {
      signing = readSigningKey(config.signing_key);
      pushKey = publicPushKey(config.push_key);
    },
  };
}

/** @throws AclError for a key that is weak or of a wrong type. */
function publicPushKey(path: string): PublicKey {
  const push = readPushKey(path);
  return parsePublicKey(`${push.type} ${push.getPublicSSH().toString('base64')}`);
}

/**
 * `type base64` of a public key's file.
 *
 * @throws HostError; AclError for a key that is weak or of a wrong type.
 */
export function readPublicKey(path: string): string {
  return parsePublicKey(readText(path)).line;
}

function checkSigner(key: SigningKey, config: MasterConfig, text: string): void {
  const { blob } = key.publicKey;
  const signers = parseAllowedSigners(text, config.allowed_signers);
  for (const [what, namespace] of SIGNED) {
    const answer = findSigner(signers, { blob, namespace, at: new Date() });
    if (answer.found) continue;
    throw new MasterError(
      'wrong-state',
      `No mirror would believe ${what} signed with ${config.signing_key} (${fingerprint(blob)}): ${answer.reason} Mend ${config.allowed_signers}, and give the mirrors the same.`,
    );
  }
}

const SIGNED = [
  ['heads', HEAD_NAMESPACE],
  ['holds', HOLD_NAMESPACE],
] as const;

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why =
      errnoOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${errnoOf(cause)})`;
    throw new HostError('secret-unreadable', `${path} ${why}.`, { cause });
  }
}
