import { printable } from '@pushmirror/manifest';
import { SyncFailure, type RsyncEnd } from '../failure.ts';
import type { Upstream } from '../upstream-url.ts';
import type { Flawed } from './check-files.ts';

/**
 * The failure to tell of when what an upstream has is not what the manifest says: it is itself in
 * mid-change, carries less than we ask for, is broken, or lies. `filters`: those that it says it
 * has.
 */
export function mismatch(
  upstream: Upstream,
  flawed: readonly Flawed[],
  end?: RsyncEnd,
  filters: readonly string[] = [],
): SyncFailure {
  const [first] = flawed;
  const more = flawed.length > 1 ? ` and ${flawed.length - 1} more` : '';
  const which = printable(first?.expected.path ?? '');
  const missing = flawed.some(({ flaw }) => flaw === 'missing');
  const text =
    missing && filters.length > 0
      ? `upstream ${upstream.url} carries only a part of the archive, and we ask for more: it does not have ${which}${more}. Use its filters, or an upstream that carries all`
      : `upstream ${upstream.url} does not match its head: ${which}${more} ${inWords[first?.flaw ?? 'missing']}`;
  return new SyncFailure('mismatch', text, { retry: true, rsync: end });
}

const inWords = {
  missing: 'is missing there',
  'no file': 'is not a file',
  'another size': 'has another size than the manifest says',
  'other content': 'has other content than the manifest says',
};
