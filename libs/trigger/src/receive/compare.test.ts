import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleHead, newSigningKey } from '../head/fixtures.test.ts';
import type { Head, SignedHead } from '../head/head.ts';
import { signHead } from '../head/sign.ts';
import { compareHeads } from './compare.ts';

const key = newSigningKey();
const stored = signHead(exampleHead(), key);

function compared(different: Partial<Head>, known: SignedHead = stored): string {
  return compareHeads(known, signHead(exampleHead(different), key));
}

void test('by epoch, then by serial, whatever the times say', () => {
  const earlier = { issued: new Date('2026-11-20T09:00:00Z') };
  const later = { issued: new Date('2026-11-21T10:00:00Z') };
  assert.equal(compareHeads(undefined, stored), 'first');
  assert.equal(compared({ serial: 2026112102, ...earlier }), 'newer');
  assert.equal(compared({ serial: 2026112100, ...later }), 'rollback');
  assert.equal(compared({ epoch: 2, serial: 1, ...earlier }), 'newer');
  const second = signHead(exampleHead({ epoch: 2, serial: 1 }), key);
  assert.equal(compared({ epoch: 1, serial: 2030010100, ...later }, second), 'rollback');
});

void test('at the same serial: the issue time decides, unless the manifest is another', () => {
  const later = { issued: new Date('2026-11-21T09:00:01Z') };
  const manifest = { sha256: '6'.repeat(64), bytes: 4711 };
  const longer = { sha256: '5'.repeat(64), bytes: 4712 };
  assert.equal(compared({}), 'duplicate');
  assert.equal(compared({ issued: new Date('2026-11-21T08:00:00Z') }), 'duplicate');
  assert.equal(compared(later), 'refresh');
  assert.equal(compared({ manifest, ...later }), 'equivocation');
  assert.equal(compared({ manifest: longer }), 'equivocation');
  const { manifest: _, ...without } = exampleHead();
  const bare = signHead(without, key);
  assert.equal(compareHeads(bare, bare), 'duplicate');
  assert.equal(compareHeads(stored, bare), 'equivocation');
  assert.equal(compareHeads(bare, stored), 'equivocation');
});

void test('of two different serials, exactly one is newer', () => {
  const place = fc.record({
    epoch: fc.integer({ min: 1, max: 3 }),
    serial: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(place, place, (a, b) => {
      const [one, other] = [signHead(exampleHead(a), key), signHead(exampleHead(b), key)];
      const both = [compareHeads(one, other), compareHeads(other, one)].sort();
      const same = a.epoch === b.epoch && a.serial === b.serial;
      assert.deepEqual(both, same ? ['duplicate', 'duplicate'] : ['newer', 'rollback']);
    }),
  );
});
