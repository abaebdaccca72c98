import type { SignedHead } from '../head/head.ts';

/** How an offered head stands to the one that is stored (DESIGN section 2, acceptance order). */
export type Comparison = 'first' | 'newer' | 'duplicate' | 'refresh' | 'rollback' | 'equivocation';

/**
 * Compare two heads of one archive by (epoch, serial), never by time: at the same serial, a later
 * `Issued` is a heartbeat (`refresh`), and another manifest means that the signer said two
 * different things (`equivocation`).
 */
export function compareHeads(stored: SignedHead | undefined, offered: SignedHead): Comparison {
  if (stored === undefined) return 'first';
  const [was, is] = [stored.head, offered.head];
  if (is.epoch !== was.epoch) return is.epoch > was.epoch ? 'newer' : 'rollback';
  if (is.serial !== was.serial) return is.serial > was.serial ? 'newer' : 'rollback';
  if (!sameManifest(stored, offered)) return 'equivocation';
  return is.issued > was.issued ? 'refresh' : 'duplicate';
}

function sameManifest(a: SignedHead, b: SignedHead): boolean {
  const [one, other] = [a.head.manifest, b.head.manifest];
  return one?.sha256 === other?.sha256 && one?.bytes === other?.bytes;
}
