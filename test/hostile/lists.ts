import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  bucketName,
  encodeRoot,
  MANIFEST_FOLDER,
  rootName,
  type BucketRef,
  type RootRef,
} from '@pushmirror/manifest';

/** Put a root into an upstream's tree, whatever it claims. */
export function writeRoot(
  up: string,
  serial: number,
  claims: { entries: number; buckets: BucketRef[] },
): RootRef {
  const named = { network: 'example', archive: 'debian', epoch: 1, serial } as const;
  const root = { ...named, profile: 'debian' as const, files: 0, bytes: 0, ...claims };
  const { ref, bytes } = encodeRoot(root);
  mkdirSync(join(up, MANIFEST_FOLDER), { recursive: true });
  writeFileSync(join(up, MANIFEST_FOLDER, rootName(ref)), bytes);
  return ref;
}

/** A list of one bucket with these raw records, which no encoder of ours would write. */
export function writeRecords(up: string, serial: number, records: string, first: string): RootRef {
  const unpacked = Buffer.from(records, 'latin1');
  const bytes = gzipSync(unpacked);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const entries = records.split(' - ').length - 1;
  const bucket = { sha256, bytes: bytes.length, unpacked: unpacked.length, entries, first };
  const ref = writeRoot(up, serial, { entries, buckets: [bucket] });
  writeFileSync(join(up, MANIFEST_FOLDER, bucketName(bucket)), bytes);
  return ref;
}
