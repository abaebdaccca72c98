import { constants, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, run, syncFolder } from '@pushmirror/host';
import pLimit from 'p-limit';
import { ArchiveError } from '../archive-error.ts';

/** Above this many files one sync of the file system is quicker than an fsync of each. */
const MOST_FSYNCS = 128;
const AT_ONCE = 32;
const SYNC_DEADLINE_MS = 10 * 60_000;
const NOT_YET = '.new';

/**
 * A folder of files that are named by their digest and never change. New ones get their names only
 * once they are on the disk for good, so a file that is there is whole, whatever crashed.
 */
export class StagedFolder {
  readonly #names: Set<string>;
  readonly #staged = new Set<string>();

  private constructor(
    readonly path: string,
    names: readonly string[],
  ) {
    this.#names = new Set(names);
  }

  /** Open the folder; it is made when it is missing. */
  static async open(path: string): Promise<StagedFolder> {
    return failingPlainly(path, async () => {
      await mkdir(path, { recursive: true });
      return new StagedFolder(path, await readdir(path));
    });
  }

  /** Names of files that are there, and of leftovers. */
  names(): Iterable<string> {
    return this.#names;
  }

  /** True when the file is there, or will be after `commit`. */
  has(name: string): boolean {
    return this.#names.has(name) || this.#staged.has(name);
  }

  add(name: string, bytes: Uint8Array): void {
    try {
      writeFileSync(this.#beside(name), bytes);
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
    this.#staged.add(name);
  }

  /** Copy a file (share its blocks where the file system can); returns where the copy is. */
  copyIn(name: string, from: string | Buffer): string {
    const to = this.#beside(name);
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
    return to;
  }

  /** A copy is as it should be: it gets its name with the next commit. */
  accept(name: string): void {
    this.#staged.add(name);
  }

  /** Everything that was added is there for good when this resolves. */
  async commit(): Promise<void> {
    if (this.#staged.size === 0) return;
    await failingPlainly(this.path, async () => {
      await this.#sync();
      const limit = pLimit(AT_ONCE);
      await limit.map(this.#staged, (name) => rename(this.#beside(name), join(this.path, name)));
      await syncFolder(this.path);
    });
    for (const name of this.#staged) this.#names.add(name);
    this.#staged.clear();
  }

  /** Blocks: a thousand small files are read much quicker so, and this is a thread of its own. */
  read(name: string): Buffer {
    return readFileSync(join(this.path, name));
  }

  /** The first bytes of a file. */
  async readTop(name: string, bytes: number): Promise<Buffer> {
    const file = await open(join(this.path, name), 'r');
    try {
      const top = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return top.buffer.subarray(0, top.bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Remove what `keep` does not say to keep, and what earlier attempts left behind. */
  async prune(keep: (name: string) => boolean): Promise<void> {
    const limit = pLimit(AT_ONCE);
    const dropped = [...this.#names].filter((name) => name.endsWith(NOT_YET) || !keep(name));
    await limit.map(dropped, async (name) => {
      await rm(join(this.path, name), { force: true, recursive: true });
      this.#names.delete(name);
    });
  }

  #beside(name: string): string {
    return join(this.path, name + NOT_YET);
  }

  async #sync(): Promise<void> {
    if (this.#staged.size > MOST_FSYNCS && (await syncFileSystem(this.path))) return;
    const limit = pLimit(AT_ONCE);
    await limit.map(this.#staged, async (name) => {
      const file = await open(this.#beside(name), 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }
}

/** sync(1) of coreutils knows syncfs(2), Node does not. False when that did not work out. */
async function syncFileSystem(path: string): Promise<boolean> {
  const argv = ['sync', '--file-system', path] as const;
  try {
    return (await run({ argv: [...argv], deadlineMs: SYNC_DEADLINE_MS })).code === 0;
  } catch {
    return false;
  }
}

async function failingPlainly<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

export function cannotWrite(path: string, cause: unknown): ArchiveError {
  const errno = errnoOf(cause) ?? String(cause);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    const what = `The disk is full: ${path} could not be written. Free some space and publish again.`;
    return new ArchiveError('disk-full', what, { cause });
  }
  return new ArchiveError(
    'cannot-write',
    `${path} could not be written (${errno}). Let the master's user write there.`,
    { cause },
  );
}
