import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hold, SignedHead, SignedHold } from '@pushmirror/trigger';
import { afterWord, mayCommit, type Waits } from './permission.ts';

const at = (serial: number, epoch = 1): SignedHead => ({
  head: {
    network: 'net',
    archive: 'debian',
    epoch,
    serial,
    issued: new Date(0),
    expires: new Date(1),
  },
  bytes: Buffer.alloc(0),
  body: Buffer.alloc(0),
  armour: '',
});
const from = (first: number, last: number): Waits => ({
  first: { epoch: 1, serial: first },
  last: { epoch: 1, serial: last },
});
const news = { waits: undefined, isNews: true, isStaged: false };

void describe('which release may be committed', () => {
  void test('all, but for those announced for staging, however many came since', () => {
    const one = afterWord('stage1', at(5), news);
    assert.deepEqual(one, { waits: from(5, 5), lacking: false });
    const two = afterWord('stage1', at(7), { ...news, waits: one.waits });
    assert.deepEqual(two.waits, from(5, 7));
    const may = (serial: number, epoch = 1) => mayCommit(at(serial, epoch), two);
    assert.deepEqual(
      [4, 5, 6, 7, 8].map((serial) => may(serial)),
      [true, false, false, false, true],
    );
    assert.ok(may(5, 2));
  });

  void test('stage 2 permits what is staged, and nothing else', () => {
    const known = { waits: from(5, 5), isNews: false, isStaged: false };
    assert.deepEqual(afterWord('stage2', at(5), known), { waits: from(5, 5), lacking: true });
    const staged = afterWord('stage2', at(5), { ...known, isStaged: true });
    assert.deepEqual(staged, { waits: undefined, lacking: false });
    assert.deepEqual(afterWord('stage2', at(5), news), { waits: from(5, 5), lacking: true });
  });

  void test('what was permitted stays permitted, and a public release always is', () => {
    const free = { waits: undefined, isNews: false, isStaged: false };
    for (const word of ['stage1', 'stage2', 'all'] as const) {
      assert.deepEqual(afterWord(word, at(5), free), { waits: undefined, lacking: false }, word);
    }
    const known = { waits: from(5, 5), isNews: false, isStaged: false };
    assert.equal(afterWord('all', at(5), known).waits, undefined);
    assert.equal(afterWord('all', at(6), { ...known, isNews: true }).waits, undefined);
  });

  void test('a hold stops its release and no other, until it is released', () => {
    const hold = (state: Hold['state']) => {
      const about = { network: 'net', archive: 'debian', epoch: 1, serial: 5, sequence: 1 };
      return { hold: { ...about, state, issued: new Date(0) } } as SignedHold;
    };
    assert.equal(mayCommit(at(5), { hold: hold('held') }), false);
    assert.equal(mayCommit(at(6), { hold: hold('held') }), true);
    assert.equal(mayCommit(at(5), { hold: hold('released') }), true);
  });
});
