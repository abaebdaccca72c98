import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { checkFiles } from './check-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-files-'));
after(() => rmSync(folder, { recursive: true }));

const sha256 = createHash('sha256').update('good').digest('hex');

describe('checkFiles', () => {
  test('threads are asked again and again, and tell every flaw', async () => {
    // Several messages for each of the threads.
    const expected = Array.from({ length: 10_000 }, (_, i) => ({
      path: `${i % 100}`,
      size: 4,
      sha256,
    }));
    for (let i = 0; i < 100; i += 1)
      writeFileSync(join(folder, `${i}`), i === 42 ? 'evil' : 'good');
    const flawed = await checkFiles(folder, expected, AbortSignal.timeout(60_000));
    assert.equal(flawed.length, 100);
    assert.deepEqual(
      new Set(flawed.map(({ expected: e, flaw }) => `${e.path} ${flaw}`)),
      new Set(['42 other content']),
    );
  });

  test('a check that is stopped ends, with the reason', async () => {
    const expected = Array.from({ length: 10_000 }, () => ({ path: '1', size: 4, sha256 }));
    const stopped = AbortSignal.abort(new Error('enough'));
    await assert.rejects(checkFiles(folder, expected, stopped), /enough/);
  });
});
