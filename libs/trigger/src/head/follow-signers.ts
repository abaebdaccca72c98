import { TriggerError } from '../errors.ts';
import { findSigner, type AllowedSigner } from './allowed-signers.ts';
import { HEAD_NAMESPACE } from './head.ts';
import { HOLD_NAMESPACE } from './hold.ts';
import { parseSigners, SIGNERS_NAMESPACE, type SignedSigners } from './signers.ts';
import { verifyMessage } from './sshsig.ts';

/** Who may sign: what a person has set, and what was learnt from there on. */
export interface Trust {
  signers: readonly AllowedSigner[];
  /** The texts that were believed, oldest first. */
  texts: readonly SignedSigners[];
}

/** What became of the texts that were not known. */
export interface Followed extends Trust {
  /** Why the last text that was news was not believed; absent when the newest is believed. */
  refused?: string;
  /** Somebody who may sign said two different things: a person is to hear of it. */
  alarm?: boolean;
}

/** What keys may sign for that are named in a text. */
const NAMESPACES = [HEAD_NAMESPACE, HOLD_NAMESPACE, SIGNERS_NAMESPACE].join(',');

/** Trust by a file alone: nothing is learnt yet. */
export function trustOf(anchor: readonly AllowedSigner[]): Trust {
  return { signers: anchor, texts: [] };
}

/**
 * Go from text to text: each is believed when a key that may sign such texts now, by all that was
 * believed before it, has signed it, and its sequence is higher. A key that no text has named keeps
 * what the file says of it; of the others the newest text alone counts. Pure: nothing is kept here.
 *
 * @param anchor the signers of the file.
 * @param offered texts, oldest first; those that are known already are passed over.
 */
export function followSigners(
  anchor: readonly AllowedSigner[],
  known: Trust,
  offered: readonly Uint8Array[],
  { network, now }: { network: string; now: Date },
): Followed {
  let trust = known;
  let refused: string | undefined;
  let alarm = false;
  for (const bytes of offered) {
    const text = read(bytes);
    if (typeof text === 'string') {
      refused = text;
      continue;
    }
    const { sequence } = text.signers;
    const same = trust.texts.find((one) => one.signers.sequence === sequence);
    if (same?.body.equals(text.body) === true) continue;
    const newest = trust.texts.at(-1)?.signers.sequence ?? 0;
    if (same === undefined && sequence <= newest) continue;
    const why = whyNot(text, trust, network, now);
    if (why !== undefined) refused = why;
    else if (same !== undefined) {
      refused = `Text ${sequence} on who may sign is known with other words.`;
      alarm = true;
    } else {
      trust = withText(anchor, [...trust.texts, text]);
      refused = undefined;
    }
  }
  return {
    ...trust,
    ...(refused === undefined ? {} : { refused }),
    ...(alarm ? { alarm } : {}),
  };
}

function read(bytes: Uint8Array): SignedSigners | string {
  try {
    return parseSigners(bytes);
  } catch (error) {
    if (error instanceof TriggerError) return error.message;
    throw error;
  }
}

/** What follows from texts that were believed when they came. */
export function withText(anchor: readonly AllowedSigner[], texts: readonly SignedSigners[]): Trust {
  const newest = texts.at(-1);
  if (newest === undefined) return trustOf(anchor);
  const named = new Set(texts.flatMap(({ signers }) => signers.signers.map(({ key }) => key.line)));
  const others = anchor.filter(({ key }) => !named.has(key.line));
  const { network, signers } = newest.signers;
  const learnt = signers.map((one, index): AllowedSigner => {
    return { line: index + 1, principals: network, namespaces: NAMESPACES, ...one };
  });
  return { signers: [...others, ...learnt], texts };
}

function whyNot(text: SignedSigners, trust: Trust, network: string, now: Date): string | undefined {
  if (text.signers.network !== network) {
    return `The text on who may sign is of another network than ${network}.`;
  }
  try {
    const { blob } = verifyMessage(text.body, text.armour, SIGNERS_NAMESPACE);
    const answer = findSigner(trust.signers, { blob, namespace: SIGNERS_NAMESPACE, at: now });
    return answer.found ? undefined : answer.reason;
  } catch (error) {
    if (error instanceof TriggerError) return error.message;
    throw error;
  }
}
