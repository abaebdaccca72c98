import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { readChangedList } from './changed-list.ts';

const folder = mkdtempSync(join(tmpdir(), 'changed-list-'));
after(() => rmSync(folder, { recursive: true }));

function listOf(content: string | Buffer): string {
  const path = join(folder, 'list');
  writeFileSync(path, content);
  return path;
}

test('one path on a line, whatever its bytes are', async () => {
  const bytes = Buffer.concat([Buffer.from('pool/a b%\n\n./dists/ä\n'), Buffer.from([0xff])]);
  assert.deepEqual(await readChangedList(listOf(bytes)), [
    'pool/a%20b%25',
    './dists/%C3%A4',
    '%FF',
  ]);
  assert.deepEqual(await readChangedList(listOf('')), []);
});

test('with NUL bytes in it, newlines are part of a name', async () => {
  assert.deepEqual(await readChangedList(listOf('a\nb\0c\0')), ['a%0Ab', 'c']);
});

test('standard input is `-`', async () => {
  const stdin = Readable.from([Buffer.from('pool/'), Buffer.from('a\npool/b\n')]);
  assert.deepEqual(await readChangedList('-', stdin), ['pool/a', 'pool/b']);
});

test('a list that is not there, or is too long, is a mistake in the call that says what to do', async () => {
  await assert.rejects(readChangedList(join(folder, 'none')), {
    name: 'UsageError',
    message: /list of changes \S+none cannot be read \(it is not there, ENOENT\)/,
  });
  await assert.rejects(readChangedList(folder), {
    name: 'UsageError',
    message: /cannot be read \(it is a folder, EISDIR\)/,
  });
  await assert.rejects(readChangedList(listOf('pool/a\r\npool/b\r\n')), {
    name: 'UsageError',
    message: /end in CR LF. Write them with LF alone/,
  });
  await assert.rejects(readChangedList(listOf('a\n'.repeat(100_001))), {
    name: 'UsageError',
    message: /more than 100000 paths. Publish without --changed/,
  });
  await assert.rejects(readChangedList(listOf(Buffer.alloc(13 * 1024 * 1024, 'a'))), {
    message: /more than 12 MiB/,
  });
});
