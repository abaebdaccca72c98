import { createHash } from 'node:crypto';

/** An entry of the audit as it is chained. */
export interface ChainedEntry {
  /** From 1, without gaps. */
  sequence: number;
  at: string;
  actor: string;
  origin: string;
  action: string;
  subject: string;
  detail: string;
  /** `chainDigest` of this entry and the digest of the one before; null: not chained yet. */
  digest: string | null;
}

/** Where a chain ends; written down elsewhere, it shows later whether entries were taken off. */
export interface Anchor {
  sequence: number;
  digest: string;
}

export type ChainVerdict =
  | { ok: true; entries: number; last: Anchor | undefined }
  /** `sequence` is the first entry that is not what it was. */
  | { ok: false; sequence: number; reason: string };

/** SHA-256 in hex; `before` is the digest of the entry before, empty for the first. */
export function chainDigest(entry: Omit<ChainedEntry, 'digest'>, before: string): string {
  const { sequence, at, actor, origin, action, subject, detail } = entry;
  const text = JSON.stringify([before, sequence, at, actor, origin, action, subject, detail]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Check entries, oldest first, each against the one before: none changed, missing, added or moved.
 * Entries that were taken off the end show only with an anchor from before.
 */
export async function verifyChain(
  entries: AsyncIterable<ChainedEntry> | Iterable<ChainedEntry>,
  anchor?: Anchor,
): Promise<ChainVerdict> {
  let last: Anchor | undefined;
  let count = 0;
  for await (const entry of entries) {
    const expected = (last?.sequence ?? 0) + 1;
    if (entry.sequence !== expected) return broken(expected, 'is missing');
    const digest = chainDigest(entry, last?.digest ?? '');
    if (entry.digest !== digest) {
      return broken(entry.sequence, 'was changed, or the one before it was');
    }
    if (anchor?.sequence === entry.sequence && anchor.digest !== digest) {
      return broken(
        entry.sequence,
        'is not the one that the anchor names: the chain was made anew',
      );
    }
    last = { sequence: entry.sequence, digest };
    count += 1;
  }
  if (anchor !== undefined && anchor.sequence > count) {
    return broken(count + 1, `is missing, and so are all after it up to ${anchor.sequence}`);
  }
  return { ok: true, entries: count, last };
}

function broken(sequence: number, what: string): ChainVerdict {
  return { ok: false, sequence, reason: `Entry ${sequence} ${what}.` };
}
