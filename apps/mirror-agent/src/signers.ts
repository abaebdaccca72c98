import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { errnoOf, replaceFile, whyOf } from '@pushmirror/host';
import { parseAllowedSigners, type AllowedSigner } from '@pushmirror/trigger';
import { followSigners, withText, type Trust } from '@pushmirror/trigger/head/follow-signers';
import { parseSigners } from '@pushmirror/trigger/head/signers';
import { z } from 'zod';
import { AgentError, messageOf } from './errors.ts';
import { createMutex } from './state/mutex.ts';

/** The people whose heads count. */
export type Signers = () => readonly AllowedSigner[];

/** Those of the file, and what was learnt from there on. */
export interface SignerStore {
  current: Signers;
  /**
   * Texts on who may sign, oldest first, from wherever: those count that a key has signed which is
   * trusted already. On the disk when this resolves.
   */
  learn(texts: readonly Buffer[]): Promise<void>;
  /** The texts that are believed, one after the other. */
  texts(): Buffer;
}

export interface SignerOptions {
  /** The allowed_signers file. */
  path: string;
  /** Where we keep what was learnt. */
  learntPath: string;
  network: string;
  now: () => Date;
  onProblem: (reason: string) => void;
}

const kept = z.object({ anchor: z.string(), texts: z.array(z.string()).max(200) });

/**
 * Read an allowed_signers file, and read it again whenever it has changed, so that a new key counts
 * without a restart. When a changed file is broken, those read before stay in force. What was learnt
 * holds for as long as the file says the same: a person who changes it begins anew. It may name nobody
 * at the start, as where all upstreams are stock mirrors; that later all are gone is taken for a mistake.
 *
 * @throws AgentError `config` when the file cannot be used at the start.
 */
export function openSigners(o: SignerOptions): SignerStore {
  const { path } = o;
  const mutex = createMutex();
  let seen = stamp(path);
  let anchor = read(path);
  if (anchor.length === 0) o.onProblem(nobody(path));
  let trust = readLearnt(o, anchor);
  let complaint = '';

  const refresh = () => {
    const now = stamp(path);
    if (now === seen) return;
    seen = now;
    try {
      const fresh = read(path);
      if (fresh.length === 0) throw new AgentError('config', nobody(path));
      if (digestOf(fresh) === digestOf(anchor)) return;
      anchor = fresh;
      trust = readLearnt(o, anchor);
    } catch (error) {
      o.onProblem(messageOf(error));
    }
  };
  const complain = (reason: string) => {
    if (reason !== complaint) o.onProblem(reason);
    complaint = reason;
  };

  return {
    current() {
      refresh();
      return trust.signers;
    },
    learn: (offered) =>
      mutex(async () => {
        refresh();
        const about = { network: o.network, now: o.now() };
        const followed = followSigners(anchor, trust, offered, about);
        if (followed.refused !== undefined) complain(`Who may sign: ${followed.refused}`);
        if (followed.texts.length === trust.texts.length) return;
        const texts = followed.texts.map(({ bytes }) => bytes.toString('latin1'));
        const text = `${JSON.stringify({ anchor: digestOf(anchor), texts })}\n`;
        await replaceFile(o.learntPath, text, 0o600);
        trust = { signers: followed.signers, texts: followed.texts };
      }),
    texts: () => Buffer.concat(trust.texts.map(({ bytes }) => bytes)),
  };
}

/** It was believed when it was written, by the file as it then was. */
function readLearnt(o: SignerOptions, anchor: readonly AllowedSigner[]): Trust {
  try {
    const found = kept.parse(JSON.parse(readFileSync(o.learntPath, 'utf8')));
    if (found.anchor === digestOf(anchor)) {
      const texts = found.texts.map((text) => parseSigners(Buffer.from(text, 'latin1')));
      return withText(anchor, texts);
    }
    o.onProblem(
      `${o.path} was changed: what was learnt of who may sign is dropped, and it counts alone.`,
    );
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      o.onProblem(`${o.learntPath} cannot be used: ${messageOf(error)}`);
    }
  }
  return withText(anchor, []);
}

function digestOf(signers: readonly AllowedSigner[]): string {
  const parts = signers.map(({ principals, key, namespaces, validAfter, validBefore }) => {
    return [principals, key.line, namespaces, validAfter, validBefore];
  });
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

function read(path: string): readonly AllowedSigner[] {
  try {
    return parseAllowedSigners(readFileSync(path, 'utf8'), path);
  } catch (cause) {
    const errno = errnoOf(cause);
    const why =
      errno === undefined ? messageOf(cause) : `${path} cannot be read (${whyOf(cause)}).`;
    throw new AgentError('config', `allowed_signers: ${why}`, { cause });
  }
}

function nobody(path: string): string {
  return `allowed_signers: ${path} names nobody: no head is believed.`;
}
