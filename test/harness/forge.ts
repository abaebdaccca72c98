import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  formatTrigger,
  HEAD_PATH,
  parseHead,
  readSigningKey,
  signHead,
  type Head,
  type SignedHead,
} from '@pushmirror/trigger';

/** The head that a tree shows, as it lies there. */
export async function headOf(tree: string): Promise<SignedHead> {
  return parseHead(await readFile(join(tree, HEAD_PATH)));
}

/** The serial that a tree shows; undefined when it shows no head. */
export async function serialOf(tree: string): Promise<number | undefined> {
  return headOf(tree).then(
    ({ head }) => head.serial,
    () => undefined,
  );
}

/** A head like another, but for some fields, signed with the key in a file. */
export function forge(like: Head, changes: Partial<Head>, signingKey: string): SignedHead {
  return signHead({ ...like, ...changes }, readSigningKey(signingKey));
}

/** The command that carries a head. */
export function triggerFor(signed: Pick<SignedHead, 'bytes'>, archive: string): string {
  return formatTrigger({ archive, head: signed });
}
