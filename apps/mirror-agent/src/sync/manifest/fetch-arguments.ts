import { connectWithin, fromTo, type PullAs } from '../arguments.ts';
import type { ArchiveSettings } from '../archive-settings.ts';
import type { Upstream } from '../upstream-url.ts';

/**
 * rsync's arguments for fetching the files that are named on its standard input, and nothing else:
 * no links, devices, owners, modes or times are taken over by the peer's word (all that comes from
 * the manifest), and no folder is gone through.
 *
 * `--ignore-times`: a file of the same size and second is not taken for the same. What is fetched
 * has no older version in `into`, so that rsync looks for a basis in the other folders.
 */
export function fetchArguments(
  archive: PullAs & Pick<ArchiveSettings, 'bandwidth_limit'>,
  upstream: Upstream,
  options: { into: string; basis?: readonly string[]; largest: number },
): string[] {
  return [
    '--from0',
    '--files-from=-',
    '--no-implied-dirs',
    '--ignore-times',
    '--partial-dir=.~partial~',
    '--chmod=Du+rwx,Fu+rw',
    `--max-size=${Math.max(options.largest, 1)}`,
    `--bwlimit=${archive.bandwidth_limit ?? 0}`,
    '--timeout=120',
    ...connectWithin(60, upstream),
    '--no-motd',
    '--stats',
    '--no-human-readable',
    '--info=progress2,name0,flist0',
    ...(options.basis ?? []).map((folder) => `--copy-dest=${folder}`),
    ...fromTo(archive, upstream, options.into),
  ];
}
