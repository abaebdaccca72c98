/** The kinds of archive we know. The name stands in the root of a manifest and in configurations. */
export const PROFILES = ['debian', 'rpm', 'arch', 'alpine', 'generic'] as const;
export type ProfileName = (typeof PROFILES)[number];

/** What a kind of archive asks of a mirror: data only, read by the functions below. */
interface Profile {
  /** Never an index, whatever its name says: files that are not written twice under one name. */
  content: readonly RegExp[];
  /** The index files, in groups; a group switches when all the groups before it have. */
  commit: readonly (readonly RegExp[])[];
  /** What rsync leaves out in stage 1 of classic mode. */
  stage1: readonly string[];
}

/**
 * When a path switches in stage 2: groups switch in ascending order. Undefined for content, which
 * is in place before the first index switches. `path` is relative to the archive's folder.
 */
export function indexOrder(profile: ProfileName, path: string): number | undefined {
  const { content, commit } = profiles[profile];
  const order = commit.findIndex((group) => group.some((pattern) => pattern.test(path)));
  if (order < 0 || content.some((pattern) => pattern.test(path))) return undefined;
  return order;
}

/** All that indexOrder goes by, as a text: another text means that paths may have other orders. */
export function indexRules(profile: ProfileName): string {
  const { content, commit } = profiles[profile];
  return [content, ...commit].map((group) => group.join(' ')).join('\n');
}

/**
 * The arguments that make rsync leave the index files alone: stage 1 of classic mode, in which no
 * manifest says what a path is. For `debian` these are exactly ftpsync's RSYNC_OPTIONS1.
 */
export function classicExcludes(profile: ProfileName): string[] {
  return [...profiles[profile].stage1];
}

export function isProfile(name: string): name is ProfileName {
  return (PROFILES as readonly string[]).includes(name);
}

const profiles: Record<ProfileName, Profile> = {
  // https://wiki.debian.org/DebianRepository/Format. Whatever a suite's Release file lists has to
  // change together with it; apt finds it by its digest, where by-hash is there, or by its name.
  debian: {
    content: [
      /(^|\/)by-hash\//,
      /^pool\//,
      /\.diff\/(?!Index$)[^/]*$/, // The patches of an index; the Index of them is one.
      /\/installer-[^/]+\/[^/]+\//, // Dated folders; the link `current` beside them is an index.
    ],
    commit: [
      [
        /(^|\/)(binary-[^/]+|source)\/Release$/, // Listed in the suite's own Release.
        /(^|\/)(Packages|Sources|Contents)([.-][^/]*)?$/,
        /\.diff\/Index$/,
        /^dists\/.*\/(?!(In)?Release(\.gpg)?$)[^/]+$/,
        /^(indices\/.*|(.*\/)?ls-lR[^/]*)$/,
      ],
      [/(^|\/)Release$/],
      [/(^|\/)Release\.gpg$/],
      [/(^|\/)InRelease$/],
      [/^dists\/[^/]+$/], // `stable -> trixie` comes after what it points to.
    ],
    stage1: [
      '--include=*.diff/',
      '--exclude=*.diff/Index',
      '--exclude=Packages*',
      '--exclude=Sources*',
      '--exclude=Release*',
      '--exclude=InRelease',
      '--include=i18n/by-hash',
      '--exclude=i18n/*',
      '--exclude=ls-lR*',
    ],
  },

  // createrepo_c(8): repomd.xml names everything else, by digest or (--simple-md-filenames) by name.
  rpm: {
    content: [/(^|\/)repodata\/[0-9a-f]{32,128}-[^/]+$/],
    commit: [
      [/(^|\/)repodata\/(?!repomd\.xml)[^/]+$/, /(^|\/)(\.treeinfo|treeinfo|fullfile[^/]*)$/],
      [/(^|\/)repodata\/repomd\.xml\.(asc|key)$/],
      [/(^|\/)repodata\/repomd\.xml$/],
    ],
    stage1: ['--exclude=repomd.xml', '--exclude=repomd.xml.asc', '--exclude=repomd.xml.key'],
  },

  // repo-add(8): REPO.db is a link to REPO.db.tar.*, and so is REPO.files.
  arch: {
    content: [],
    commit: [
      [/\.(files|links)(\.tar(\.[a-z0-9]+)?)?(\.sig)?$/],
      [/\.db(\.tar(\.[a-z0-9]+)?)?\.sig$/],
      [/\.db\.tar(\.[a-z0-9]+)?$/],
      [/\.db$/],
      [/^(lastupdate|lastsync)$/],
    ],
    stage1: [
      ...['files', 'links', 'db'].flatMap((kind) => [
        `--exclude=*.${kind}`,
        `--exclude=*.${kind}.sig`,
        `--exclude=*.${kind}.tar*`,
      ]),
      '--exclude=/lastupdate',
      '--exclude=/lastsync',
    ],
  },

  // apk-index(8): one signed index a repository and architecture.
  alpine: {
    content: [],
    commit: [
      [/(^|\/)APKINDEX\.tar\.gz$/],
      [/(^|\/)latest-releases\.yaml$/, /(^|\/)latest-stable$/],
      [/^last-updated$/],
    ],
    stage1: [
      '--exclude=APKINDEX.tar.gz',
      '--exclude=latest-releases.yaml',
      '--exclude=/last-updated',
    ],
  },

  // No format to go by: lists of digests after what they list, and listings of a folder last.
  generic: {
    content: [],
    commit: [
      [/(^|\/)((SHA\d+|MD5|B2)SUMS?|CHECKSUMS?|(sha\d+|md5)sums?\.txt)$/i],
      [/(^|\/)((SHA\d+|MD5|B2)SUMS?|CHECKSUMS?|(sha\d+|md5)sums?\.txt)\.(gpg|asc|sig|sign)$/i],
      [/(^|\/)(index\.(html|json|xml)|ls-lR[^/]*)$/],
    ],
    stage1: ['--exclude=*SUMS', '--exclude=*SUMS.*', '--exclude=ls-lR*'],
  },
};
