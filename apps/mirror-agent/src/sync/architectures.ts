import type { Architectures } from './archive-settings.ts';
import { SyncFailure } from './failure.ts';

/**
 * The rsync filters that select architectures of a Debian archive, the same and in the same order
 * as ftpsync's set_exclude_include_archs: `include` names all that is wanted (`source` too, when
 * wanted; `all` comes by itself), `exclude` names what is not.
 *
 * @throws SyncFailure `settings` when both lists are given, as ftpsync does.
 */
export function architectureFilters({ include, exclude }: Architectures): string[] {
  if (include.length > 0 && exclude.length > 0) {
    throw new SyncFailure(
      'settings',
      'architectures.include and architectures.exclude cannot both be set. Keep one of them.',
      { retry: false },
    );
  }
  if (exclude.length > 0) {
    return [
      ...exclude.flatMap((name) => filters('exclude', name)),
      ...filters('include', '*'),
      ...filters('include', 'source'),
    ];
  }
  if (include.length > 0) {
    const binaries = include.some((name) => name !== 'source');
    return [
      ...include.flatMap((name) => filters('include', name)),
      ...(binaries ? filters('include', 'all') : []),
      ...filters('exclude', '*'),
      ...filters('exclude', 'source'),
    ];
  }
  return [];
}

function filters(rule: 'include' | 'exclude', architecture: string): string[] {
  const paths = architecture === 'source' ? SOURCE : binary(architecture);
  return paths.map((path) => `--filter=${rule}_${path}`);
}

const SOURCE = [
  '/dists/**/source/',
  '/pool/**/*.tar.*',
  '/pool/**/*.diff.*',
  '/pool/**/*.dsc',
] as const;

function binary(architecture: string): string[] {
  return [
    `/dists/**/binary-${architecture}/`,
    `/dists/**/installer-${architecture}/`,
    `/dists/**/Contents-${architecture}.gz`,
    `/dists/**/Contents-udeb-${architecture}.gz`,
    `/dists/**/Contents-${architecture}.diff/`,
    `/indices/**/arch-${architecture}.files`,
    `/indices/**/arch-${architecture}.list.gz`,
    `/pool/**/*_${architecture}.deb`,
    `/pool/**/*_${architecture}.udeb`,
    `/pool/**/*_${architecture}.changes`,
  ];
}
