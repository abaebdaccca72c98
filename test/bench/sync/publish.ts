import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  bucketName,
  BY_HASH_FOLDER,
  comparePaths,
  Cutter,
  encodeBucket,
  encodeRoot,
  folderOf,
  hashFolder,
  indexOrder,
  MANIFEST_FOLDER,
  mayCutAfter,
  nameOf,
  rootName,
  type BucketRef,
  type Entry,
  type RootRef,
} from '@pushmirror/manifest';

/** Publishes a tree whose changes are known; what it costs is not what is measured here. */
export function createPublisher(root: string) {
  const entries = new Map<string, Entry>();

  async function describe(path: string): Promise<void> {
    for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) {
      if (entries.has(folder)) break;
      entries.set(folder, { kind: 'folder', path: folder, mode: 0o755 });
    }
    const bytes = await readFile(join(root, path));
    const { mode, mtimeMs, size } = await stat(join(root, path));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const mtime = Math.floor(mtimeMs / 1000);
    const order = indexOrder('debian', path);
    entries.set(path, { kind: 'file', path, mode: mode & 0o777, size, mtime, sha256, order });
    if (order === undefined) return;
    const copy = join(root, BY_HASH_FOLDER, sha256);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(root, path), copy);
    await utimes(copy, mtime, mtime);
  }

  return {
    /** Describe what came or changed. @returns what a head names. */
    async publish(serial: number, changed: Iterable<string>): Promise<RootRef> {
      for (const path of changed) await describe(path);
      const folder = join(root, MANIFEST_FOLDER);
      await mkdir(folder, { recursive: true });
      const buckets: BucketRef[] = [];
      let part: Entry[] = [];
      const flush = async () => {
        if (part.length === 0) return;
        const { ref, bytes } = encodeBucket(part);
        if (!existsSync(join(folder, bucketName(ref)))) {
          await writeFile(join(folder, bucketName(ref)), bytes);
        }
        buckets.push(ref);
        part = [];
      };
      const cutter = new Cutter();
      for (const entry of [...entries.values()].sort((a, b) => comparePaths(a.path, b.path))) {
        part.push(entry);
        const { path } = entry;
        const mayCut = mayCutAfter(hashFolder(folderOf(path)), nameOf(path));
        if (cutter.after(mayCut, path.length + 120)) await flush();
      }
      await flush();
      const named = { network: 'bench', archive: 'bench', epoch: 1, serial } as const;
      const sum = { entries: entries.size, files: 0, bytes: 0 };
      const { ref, bytes } = encodeRoot({ ...named, profile: 'debian', ...sum, buckets });
      await writeFile(join(folder, rootName(ref)), bytes);
      return ref;
    },
  };
}
