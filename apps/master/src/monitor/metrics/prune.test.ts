import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../db/open.ts';
import { writeSum } from '../../db/probe-sums.ts';
import { appendSightChange } from '../../db/sightings.ts';
import { pruneSums } from './prune.ts';
import { EMPTY } from './sums.ts';

const now = () => new Date('2026-11-21T09:00:00Z');
const DAY_MS = 86_400_000;

test('hours, days and changes go when they are too old, and nothing else does', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'pushmirror-prune-'));
  const db = await openDatabase({ state, network: 'example', now });
  t.after(async () => {
    await db.destroy();
    await rm(state, { recursive: true, force: true });
  });
  const ago = (days: number) => new Date(now().getTime() - days * DAY_MS).toISOString();
  await db.transaction().execute(async (trx) => {
    for (let days = 799; days >= 0; days -= 1) {
      const row = { mirror: 'a', archive: 'debian', start: ago(days), ...EMPTY };
      await writeSum(trx, 'probe_hour', row);
      await writeSum(trx, 'probe_day', row);
      const of = { mirror: 'a', archive: 'debian', before_state: null, serial: null, reason: null };
      await appendSightChange(trx, { ...of, at: ago(days), state: 'fresh', evidence: '[]' });
    }
  });
  const keep = { hoursMs: 35 * DAY_MS, daysMs: 400 * DAY_MS };
  const signal = AbortSignal.timeout(20_000);
  const pruned = await pruneSums(db, keep, { now, signal });
  assert.deepEqual(pruned, { hours: 764, days: 399, changes: 399 });
  const left = async (table: 'probe_hour' | 'probe_day' | 'sight_change') =>
    (await db.selectFrom(table).select('mirror').execute()).length;
  assert.deepEqual(
    [await left('probe_hour'), await left('probe_day'), await left('sight_change')],
    [36, 401, 401],
  );
  const change = { at: ago(0), mirror: 'a', archive: 'debian', before_state: null } as const;
  const more = { state: 'behind', serial: 1, reason: 'x', evidence: '[]' } as const;
  const next = await appendSightChange(db, { ...change, ...more });
  const { top } = await db
    .selectFrom('sight_change')
    .select(({ fn }) => fn.max('sequence').as('top'))
    .executeTakeFirstOrThrow();
  assert.equal(next.sequence, top, 'numbers only grow');
  assert.deepEqual(await pruneSums(db, keep, { now, signal }), { hours: 0, days: 0, changes: 0 });
});
