import { parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import { HEAD_NAMESPACE } from '@pushmirror/trigger/head/head';
import { HOLD_NAMESPACE } from '@pushmirror/trigger/head/hold';
import { SIGNERS_NAMESPACE, type SignedSigners } from '@pushmirror/trigger/head/signers';

/** What a key of the network may sign. */
export const SIGNED_NAMESPACES = [HEAD_NAMESPACE, HOLD_NAMESPACE, SIGNERS_NAMESPACE].join(',');

/**
 * The allowed_signers file as it follows from the texts on who may sign: for stock ssh-keygen, and
 * for those who come new into the network. Lines about keys that no text names, and comments, stay.
 *
 * @param text the file as it is.
 */
export function allowedSignersText(text: string, texts: readonly SignedSigners[]): string {
  const newest = texts.at(-1);
  if (newest === undefined) return text;
  const named = new Set(texts.flatMap(({ signers }) => signers.signers.map(({ key }) => key.line)));
  const known = parseAllowedSigners(text, 'allowed_signers');
  const dropped = new Set(known.filter(({ key }) => named.has(key.line)).map(({ line }) => line));
  const principals = known.find(({ key }) => named.has(key.line))?.principals;
  const kept = text
    .replace(/\n$/, '')
    .split('\n')
    .filter((_, index) => !dropped.has(index + 1));
  const lines = newest.signers.signers.map(({ key, validAfter, validBefore }) => {
    const options = [
      `namespaces="${SIGNED_NAMESPACES}"`,
      ...(validAfter === undefined ? [] : [`valid-after="${opensshTime(validAfter)}"`]),
      ...(validBefore === undefined ? [] : [`valid-before="${opensshTime(validBefore)}"`]),
    ];
    return `${principals ?? newest.signers.network} ${options.join(',')} ${key.line}`;
  });
  return `${[...kept.filter((line) => line !== ''), ...lines].join('\n')}\n`;
}

/** `YYYYMMDDHHMMSSZ` */
function opensshTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`;
}
