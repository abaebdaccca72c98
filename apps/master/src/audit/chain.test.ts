import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chainDigest, verifyChain, type ChainedEntry } from './chain.ts';

function chain(length: number): ChainedEntry[] {
  const entries: ChainedEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const entry = {
      sequence,
      at: `2026-11-21T09:00:${String(sequence % 60).padStart(2, '0')}.000Z`,
      actor: 'admin',
      origin: '192.0.2.1',
      action: 'mirror-add',
      subject: `m${sequence}`,
      detail: '{}',
    };
    entries.push({ ...entry, digest: chainDigest(entry, entries.at(-1)?.digest ?? '') });
  }
  return entries;
}

test('a whole chain is good, and says where it ends', async () => {
  const entries = chain(5);
  const last = { sequence: 5, digest: entries[4]?.digest };
  assert.deepEqual(await verifyChain(entries), { ok: true, entries: 5, last });
  assert.deepEqual(await verifyChain([]), { ok: true, entries: 0, last: undefined });
});

test('a change anywhere is found, and the first wrong entry is named', async () => {
  const fields = ['at', 'actor', 'origin', 'action', 'subject', 'detail'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 7 }),
      fc.constantFrom(...fields),
      fc.string(),
      async (index, field, text) => {
        const entries = chain(8);
        const entry = entries[index];
        if (entry === undefined || entry[field] === text) return;
        entry[field] = text;
        const verdict = await verifyChain(entries);
        assert.equal(verdict.ok ? undefined : verdict.sequence, index + 1);
      },
    ),
  );
});

test('an entry that was taken out, added or moved is found', async () => {
  const without = chain(5).toSpliced(2, 1);
  assert.deepEqual(await verifyChain(without), {
    ok: false,
    sequence: 3,
    reason: 'Entry 3 is missing.',
  });
  const [first, second, third] = chain(3);
  assert.ok(first && second && third);
  const moved = [first, { ...third, sequence: 2 }, { ...second, sequence: 3 }];
  assert.equal((await verifyChain(moved)).ok, false);
});

test('an anchor shows entries that are gone from the end, and a chain that was made anew', async () => {
  const entries = chain(5);
  const anchor = { sequence: 5, digest: entries[4]?.digest ?? '' };
  assert.equal((await verifyChain(entries, anchor)).ok, true);
  assert.deepEqual(await verifyChain(entries.slice(0, 3), anchor), {
    ok: false,
    sequence: 4,
    reason: 'Entry 4 is missing, and so are all after it up to 5.',
  });
  const anew = { ...anchor, digest: '0'.repeat(64) };
  const verdict = await verifyChain(entries, anew);
  assert.match(verdict.ok ? '' : verdict.reason, /made anew/);
});
