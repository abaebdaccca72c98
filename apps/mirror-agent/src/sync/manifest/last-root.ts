import type { Root, RootRef } from '@pushmirror/manifest';

/*
 * The root of the release that each tree was moved to last: the next sync begins with it, and it is
 * not read and taken apart again. What it says is known by its digest, whatever becomes of the file.
 */

/** Those of the largest archives are read again: a bucket takes some 250 bytes. */
const MOST_BUCKETS = 50_000;
const last = new Map<string, { sha256: string; root: Root }>();

export function rememberRoot(to: string, { sha256 }: RootRef, root: Root): void {
  if (root.buckets.length > MOST_BUCKETS) last.delete(to);
  else last.set(to, { sha256, root });
}

export function lastRoot(to: string, { sha256 }: RootRef): Root | undefined {
  const found = last.get(to);
  return found?.sha256 === sha256 ? found.root : undefined;
}
