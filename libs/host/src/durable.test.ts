import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { appendToFile, replaceFile } from './durable.ts';
import { HostError } from './errors.ts';

const root = mkdtempSync(join(tmpdir(), 'durable-'));
let counter = 0;
after(() => rmSync(root, { recursive: true }));

describe('replaceFile', () => {
  test('makes a file, then replaces it, and leaves nothing beside it', async () => {
    const folder = newFolder();
    const path = join(folder, 'head');
    await replaceFile(path, 'one');
    await replaceFile(path, Buffer.from('two'));
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.deepEqual(readdirSync(folder), ['head']);
  });

  test('a reader that has the old file open keeps all of it', async () => {
    const path = join(newFolder(), 'head');
    await replaceFile(path, 'one');
    const before = statSync(path).ino;
    await replaceFile(path, 'two');
    assert.notEqual(statSync(path).ino, before);
  });

  test('the mode is the one asked for, whatever the umask', async () => {
    const path = join(newFolder(), 'head');
    const before = process.umask(0o077);
    try {
      await replaceFile(path, 'x');
      assert.equal(statSync(path).mode & 0o777, 0o644);
      await replaceFile(path, 'x', 0o600);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    } finally {
      process.umask(before);
    }
  });

  test('replaces a symlink, and not what it points to', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'victim'), 'untouched');
    symlinkSync('victim', join(folder, 'head'));
    await replaceFile(join(folder, 'head'), 'x');
    assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'untouched');
  });

  test('ten at once: one of them wins as a whole', async () => {
    const folder = newFolder();
    const texts = Array.from({ length: 10 }, (_, at) => String(at).repeat(10_000));
    await Promise.all(texts.map((text) => replaceFile(join(folder, 'head'), text)));
    assert.ok(texts.includes(readFileSync(join(folder, 'head'), 'utf8')));
    assert.deepEqual(readdirSync(folder), ['head']);
  });

  test('no such folder: one sentence, and no leftovers', async () => {
    const path = join(newFolder(), 'no/head');
    await assert.rejects(replaceFile(path, 'x'), isHostError('cannot-write', path));
  });

  test(
    'a full disk: said so, the old file whole, the new one gone',
    { skip: whyNoMount() },
    async () => {
      const folder = newFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
      try {
        const path = join(folder, 'head');
        await replaceFile(path, 'old');
        const big = Buffer.alloc(200_000);
        await assert.rejects(replaceFile(path, big), isHostError('disk-full', path));
        assert.equal(readFileSync(path, 'utf8'), 'old');
        assert.deepEqual(readdirSync(folder), ['head']);
        await assert.rejects(
          appendToFile(join(folder, 'log'), 'x'.repeat(200_000)),
          isHostError('disk-full', 'log'),
        );
      } finally {
        execFileSync('umount', [folder]);
      }
    },
  );
});

describe('appendToFile', () => {
  test('makes a file, then adds to it', async () => {
    const path = join(newFolder(), 'log');
    await appendToFile(path, 'one\n', 0o600);
    await appendToFile(path, 'two\n');
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('a folder is no file', async () => {
    const folder = newFolder();
    await assert.rejects(appendToFile(folder, 'x'), isHostError('cannot-write', folder));
  });
});

function isHostError(code: string, part: string) {
  return (error: unknown) =>
    error instanceof HostError && error.code === code && error.message.includes(part);
}

function newFolder(): string {
  const path = join(root, String(counter++));
  mkdirSync(path);
  return path;
}

function whyNoMount(): string | false {
  if (userInfo().uid !== 0) return 'only root can mount';
  try {
    const path = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path], { stdio: 'ignore' });
    execFileSync('umount', [path]);
    return false;
  } catch {
    return 'nothing can be mounted here';
  }
}
