import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTrace, serialIn, traceWanted } from './judge-trace.ts';

const told = new Date('2026-11-21T09:00:00Z');
const push = { serial: 2026112102, sent_at: told.toISOString() };
const seconds = (s: number) => new Date(told.getTime() + s * 1000);

void test('a stock mirror has the release when its trace file names it or a later one', () => {
  const at = (archiveSerial: string) => judgeTrace({ archiveSerial }, 'whole', push);
  assert.equal(at('2026112101'), undefined);
  assert.equal(at('2026112102'), 'committed');
  assert.equal(at('2026112103'), 'committed');
  assert.equal(at('unknown'), undefined);
  assert.equal(judgeTrace({}, 'whole', push), undefined);
  assert.equal(serialIn({ archiveSerial: '9'.repeat(30) }), -1);
});

void test('it has staged when a stage 1 was begun after it was told', () => {
  const begun = (dateStarted: Date) => judgeTrace({ dateStarted }, 'stage1', push);
  assert.equal(begun(seconds(-600)), undefined);
  assert.equal(begun(seconds(1)), 'staged');
  assert.equal(judgeTrace({}, 'stage1', push), undefined);
  const never = { ...push, sent_at: null };
  assert.equal(judgeTrace({ dateStarted: seconds(1) }, 'stage1', never), undefined);
});

void test('before the barrier stage 1 is asked about, after it the whole', () => {
  const release = { switch: 'together', phase: 'staging', wave: 1 } as const;
  assert.equal(traceWanted({ state: 'accepted', wave: 1 }, release), 'stage1');
  assert.equal(traceWanted({ state: 'staged', wave: 1 }, release), undefined);
  assert.equal(traceWanted({ state: 'staged', wave: 0 }, release), 'whole');
  const open = { ...release, phase: 'committing' } as const;
  assert.equal(traceWanted({ state: 'staged', wave: 1 }, open), 'whole');
  assert.equal(traceWanted({ state: 'waiting', wave: 1 }, open), undefined);
});
