import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress, ending } from './progress.ts';

test('what is said after progress stands on a line of its own, also when the work fails', async () => {
  let screen = '';
  const write = (text: string) => (screen += text);
  const progress = createProgress({ isTTY: true, columns: 20, write });
  const failed = ending(progress, async () => {
    progress.show('how far it is, longer than the line');
    throw new Error('refused');
  });
  await assert.rejects(failed, /refused/);
  assert.equal(screen, '\r\x1b[Khow far it is, long\r\x1b[K');
});

test('on a terminal that does not know its width a line is whole', () => {
  let screen = '';
  const write = (text: string) => (screen += text);
  createProgress({ isTTY: true, columns: 0, write }).show('1 accepted, of 1');
  assert.equal(screen, '\r\x1b[K1 accepted, of 1');
});
