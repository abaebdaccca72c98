import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { createAudit } from './audit.ts';
import { tempFolder } from './fixtures.test.ts';

test('entries are lines of JSON in a bounded number of bounded files', async () => {
  const folder = tempFolder();
  const path = join(folder, 'audit.ndjson');
  const audit = createAudit(path, 500);
  for (let n = 0; n < 100; n += 1) await audit.append({ n, text: 'x'.repeat(50) });
  const files = readdirSync(folder).toSorted();
  assert.deepEqual(
    files,
    [0, 1, 2, 3, 4].map((n) => basename(path) + (n === 0 ? '' : `.${n}`)),
  );
  const read = (file: string) =>
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: number }).n);
  const kept = files.toReversed().flatMap(read);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 100 - kept.length + i),
  );
  for (const file of files) {
    const { size, mode } = statSync(join(folder, file));
    assert.ok(size <= 600);
    assert.equal(mode & 0o777, 0o600);
  }
});
