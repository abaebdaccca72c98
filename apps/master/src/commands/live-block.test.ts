import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveBlock } from './live-block.ts';

function terminal(rows?: number) {
  const written: string[] = [];
  const block = createLiveBlock({
    ...(rows === undefined ? {} : { rows }),
    write: (text: string) => written.push(text),
  });
  return { block, written };
}

test('a block is drawn over; a line that stays stands above it', () => {
  const { block, written } = terminal();
  block.show(() => ['a', 'b']);
  block.line('The master went away.');
  block.end(['c']);
  assert.deepEqual(written, ['a\nb\n', '\u001b[2A\r\u001b[0JThe master went away.\n', 'c\n']);
});

test('a block never grows higher than its terminal, but its end is whole', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i}`);
  for (const [rows, shown] of [
    [10, 9],
    [0, 23],
    [undefined, 23],
  ] as const) {
    const { block, written } = terminal(rows);
    block.show(() => lines);
    block.end(lines);
    assert.equal(written[0]?.split('\n').length, shown + 1);
    assert.equal(written[1]?.split('\n').length, 41);
  }
});
