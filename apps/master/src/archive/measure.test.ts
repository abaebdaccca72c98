import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { measureTree } from './measure.ts';

const root = mkdtempSync(join(tmpdir(), 'pushmirror-measure-'));
after(() => rmSync(root, { recursive: true, force: true }));

void test('files and their bytes are counted, links and our own files are not', async () => {
  mkdirSync(join(root, 'pool/é/deep'), { recursive: true });
  mkdirSync(join(root, 'project/pushmirror'), { recursive: true });
  writeFileSync(join(root, 'pool/é/deep/a'), '12345');
  writeFileSync(Buffer.from(`${root}/pool/b\xff`, 'latin1'), '123');
  writeFileSync(join(root, 'project/pushmirror/Release.head'), 'ours');
  writeFileSync(join(root, 'Archive-Update-in-Progress-here'), 'ours');
  symlinkSync('pool', join(root, 'link'));
  const signal = new AbortController().signal;
  assert.deepEqual(await measureTree(root, signal, () => {}), { files: 2, bytes: 8 });
});

void test('it stops when it is told to, and says what it cannot read', async () => {
  const reason = new Error('called off');
  await assert.rejects(
    measureTree(root, AbortSignal.abort(reason), () => {}),
    reason,
  );
  const signal = new AbortController().signal;
  await assert.rejects(
    measureTree(join(root, 'none'), signal, () => {}),
    { reason: 'unreadable' },
  );
});
