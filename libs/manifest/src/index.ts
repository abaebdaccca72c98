export { bucketName, decodeBucket, encodeBucket, type BucketRef } from './bucket.ts';
export { changes, newBuckets, type Change } from './changes.ts';
export { entriesOf, type ReadBucket } from './cursor.ts';
export { Cutter, hashFolder, mayCutAfter } from './cut.ts';
export {
  comparePaths,
  sameContent,
  sameEntry,
  type Entry,
  type FileEntry,
  type FolderEntry,
  type LinkEntry,
} from './entry.ts';
export { ManifestError, type ManifestErrorCode } from './errors.ts';
export { LIMITS } from './limits.ts';
export { findEntry, hasEntriesIn } from './lookup.ts';
export {
  isCompressed,
  mayBeNewest,
  MOST_NEWEST,
  NEWEST_PACK,
  NEWEST_PACK_BYTES,
  newestOf,
  packNewest,
  unpackNewest,
  type Newest,
} from './newest.ts';
export {
  BY_HASH_FOLDER,
  isOwnName,
  isOwnPath,
  MANIFEST_FOLDER,
  OWN_FOLDER,
  TRACE_FOLDER,
} from './own-paths.ts';
export { planMove, type Move, type Plan, type Step } from './plan.ts';
export {
  classicExcludes,
  indexOrder,
  indexRules,
  isProfile,
  PROFILES,
  type ProfileName,
} from './profiles.ts';
export {
  decodeRoot,
  decodeRootHeader,
  encodeRoot,
  rootName,
  type KnownRoot,
  type Root,
  type RootHeader,
  type RootRef,
} from './root.ts';
export { whyUnsafeLink, whyUnsafeName, whyUnsafePath } from './safe-path.ts';
export { selectionOf, type Selection } from './selection.ts';
export {
  bytesOf,
  folderOf,
  isAscii,
  join,
  nameOf,
  onDisk,
  percentDecode,
  percentEncode,
  printable,
  treePath,
  type TreePath,
} from './tree-path.ts';
