import type { ProfileName } from '@pushmirror/manifest';

/** A kind of archive: how a real one is made, and how its real client reads it. */
export interface Kind {
  profile: ProfileName;
  /** Programs that it takes; without them there is nothing to test. */
  programs: string[];
  /** Its index files, in the order in which they have to switch. Not taken from libs/manifest. */
  order: RegExp[];
  create(options: MakeOptions): Promise<RealArchive>;
}

export interface MakeOptions {
  /** The archive's folder, which is there. */
  root: string;
  /** For what is not a part of it. */
  work: string;
}

export interface RealArchive {
  /** Turn the tree into release 1, 2, ...: another version of a package, one that comes, one that goes. */
  build(release: number): Promise<void>;
  /** Read this release as a client does, from a mirror at a URL; fails unless all is right. */
  read(url: string, release: number): Promise<void>;
  close(): Promise<void>;
}

/** The packages of a release, with their versions. */
export function packagesOf(release: number): { name: string; version: string }[] {
  return [
    { name: 'alpha', version: String(release) },
    { name: 'beta', version: '1' },
    { name: `passing${release}`, version: '1' },
  ];
}
