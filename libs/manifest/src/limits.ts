/**
 * How large a manifest and its parts may be. Writers stay below, readers refuse what is above:
 * before it is fetched where a size is known, before memory is taken otherwise.
 * docs/formats.md says why each is what it is.
 */
export const LIMITS = {
  /** Entries of an archive: files, folders and links. */
  entries: 8_000_000,
  /** Buckets of an archive. */
  buckets: 262_144,
  /** Bytes of a root. */
  rootBytes: 64 * 1024 * 1024,
  /** Entries of one bucket. */
  bucketEntries: 4_096,
  /** Bytes of one bucket, as it is stored and as it unpacks. */
  bucketBytes: 4 * 1024 * 1024,
  /** How far a bucket may unpack, unless it stays below `smallBucketBytes`. */
  ratio: 256,
  smallBucketBytes: 64 * 1024,
  /** Bytes of a path, from the archive's folder on, and of a link's target. */
  pathBytes: 3_072,
  /** Bytes of one name in a path: what Linux file systems take. */
  nameBytes: 255,
  /** Bytes of one file. */
  fileBytes: 2 ** 50,
  /** Seconds since 1970, either way: the years -1199 to 5138. */
  mtime: 1e11,
  /** Groups of index files, see profiles.ts. */
  orders: 16,
} as const;
