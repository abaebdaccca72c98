import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublishWords } from './publish-words.ts';

test('each phase says how far it is and how fast, and hashing how long it will take', () => {
  let now = 0;
  const words = new PublishWords(() => now);
  const at = (ms: number, progress: Parameters<PublishWords['tell']>[0]['progress']) => {
    now = ms;
    return words.tell({ archive: 'debian', serial: 7, progress });
  };
  assert.equal(
    at(0, { phase: 'scanning', files: 1_000, bytes: 0 }),
    'debian 7: scanning, 1,000 files and folders',
  );
  assert.equal(
    at(2_000, { phase: 'scanning', files: 61_000, bytes: 0 }),
    'debian 7: scanning, 61,000 files and folders, 30,000 a second',
  );
  const all = { filesInAll: 50, bytesInAll: 4_000_000 };
  assert.equal(
    at(10_000, { phase: 'hashing', files: 0, bytes: 0, ...all }),
    'debian 7: hashing, 0 of 50 files, 0 B of 4.0 MB',
  );
  assert.equal(
    at(11_000, { phase: 'hashing', files: 10, bytes: 1_000_000, ...all }),
    'debian 7: hashing, 10 of 50 files, 1.0 MB of 4.0 MB, 1.0 MB/s, 3\u00a0s left',
  );
  assert.equal(
    at(20_000, { phase: 'writing', files: 61_000, bytes: 0 }),
    'debian 7: writing the manifest',
  );
});
