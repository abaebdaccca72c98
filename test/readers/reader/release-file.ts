/** A file that an index names, with what it says about it. */
export interface Named {
  path: string;
  bytes: number;
  sha256: string;
}

/** What a Release or InRelease file lists under SHA256; undefined when its end is missing. */
export function indexesIn(release: string): Named[] | undefined {
  if (!release.trimEnd().endsWith('-----END PGP SIGNATURE-----')) return undefined;
  const [, list = ''] = /^SHA256:\n((?: .*\n)+)/m.exec(release) ?? [];
  return [...list.matchAll(/^ ([0-9a-f]{64}) +(\d+) (\S+)$/gm)].map(
    ([, sha256 = '', bytes, path = '']) => ({ path, bytes: Number(bytes), sha256 }),
  );
}

/** The packages of a Packages file. */
export function packagesIn(packages: string): Named[] {
  return packages.split('\n\n').flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [path, bytes, sha256] = ['Filename', 'Size', 'SHA256'].map(field);
    if (path === undefined || sha256 === undefined) return [];
    return [{ path, bytes: Number(bytes), sha256 }];
  });
}
