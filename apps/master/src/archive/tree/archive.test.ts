import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  bucketName,
  decodeRoot,
  entriesOf,
  MANIFEST_FOLDER,
  rootName,
  type Entry,
  type Root,
} from '@pushmirror/manifest';
import { ArchiveError, type ArchiveErrorReason } from '../archive-error.ts';
import { describeTreeHere, type Described, type TreeTask } from './describe-tree.ts';
import { ProgressCounter } from './progress.ts';

// What the tests of describing a tree use.

const scratch = mkdtempSync(join(tmpdir(), 'pushmirror-describe-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** An archive of its own, in files. */
export function newArchive() {
  const root = mkdtempSync(join(scratch, 'archive-'));
  const cacheDir = mkdtempSync(join(scratch, 'cache-'));
  let serial = 2026112100;
  return {
    root,
    cacheDir,
    /** Files that the last publish hashed. */
    hashed: 0,
    write(path: string, content: string): void {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
    },
    /** What a publish is told, unless something else is said. */
    task(options: Partial<TreeTask> = {}): TreeTask {
      serial += 1;
      return {
        root,
        cacheDir,
        serial,
        profile: 'debian',
        network: 'example',
        archive: 'debian',
        epoch: 1,
        deleteLimit: 100,
        allowDelete: undefined,
        changed: undefined,
        full: false,
        keep: [],
        freshMs: 0,
        ...options,
      };
    },
    /** `onHashed` is told whenever files have been hashed. */
    async publish(
      options: Partial<TreeTask> = {},
      onHashed: () => unknown = () => {},
    ): Promise<Described> {
      const counter = new ProgressCounter(() => {});
      const { filesHashed } = counter;
      counter.filesHashed = (files) => {
        filesHashed(files);
        onHashed();
      };
      const signal = new AbortController().signal;
      try {
        return await describeTreeHere(this.task(options), counter, signal);
      } finally {
        this.hashed = counter.hashed;
      }
    },
    rootFile: ({ manifest }: Described) => join(root, MANIFEST_FOLDER, rootName(manifest)),
    decoded(described: Described): Root {
      return decodeRoot(readFileSync(this.rootFile(described)), described.manifest);
    },
    async entries(described: Described): Promise<Entry[]> {
      const entries: Entry[] = [];
      const read = async (ref: { sha256: string }) =>
        readFileSync(join(root, MANIFEST_FOLDER, bucketName(ref)));
      for await (const entry of entriesOf(this.decoded(described), read)) entries.push(entry);
      return entries;
    },
  };
}

/** Asserts that a publish is refused for this reason, and that the sentence says `names`. */
export async function refused(
  reason: ArchiveErrorReason,
  publish: Promise<unknown>,
  names: string,
): Promise<void> {
  await assert.rejects(publish, (error) => {
    assert.ok(error instanceof ArchiveError, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.ok(error.message.includes(names), error.message);
    return true;
  });
}

export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
