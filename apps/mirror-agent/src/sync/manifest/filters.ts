import { selectionOf, type Selection } from '@pushmirror/manifest';
import { architectureFilters } from '../architectures.ts';
import type { ArchiveSettings } from '../archive-settings.ts';

/** The archive's filters, in the words and the order in which classic mode gives them to rsync. */
export function filtersOf(
  archive: Pick<ArchiveSettings, 'include' | 'exclude' | 'architectures'>,
): string[] {
  return [
    ...archive.include.map((pattern) => `--filter=include_${pattern}`),
    ...archive.exclude.map((pattern) => `--filter=exclude_${pattern}`),
    ...architectureFilters(archive.architectures),
  ];
}

export function sameFilters(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((filter, i) => filter === b[i]);
}

export { selectionOf, type Selection };
