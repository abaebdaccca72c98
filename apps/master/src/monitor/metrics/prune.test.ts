import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../db/open.ts';
import { listMetrics, writeSum } from '../../db/probe-sums.ts';
import { appendSightChange } from '../../db/sightings.ts';
import { pruneSums } from './prune.ts';
import { refreshFigures } from './refresh.ts';
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

test('figures are of the last 24 hours and the last 14 days, and of nothing older', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'pushmirror-figures-'));
  const db = await openDatabase({ state, network: 'example', now });
  t.after(async () => {
    await db.destroy();
    await rm(state, { recursive: true, force: true });
  });
  await sql`pragma foreign_keys = off`.execute(db); // The mirror itself does not matter here.
  const of = { mirror: 'a', archive: 'debian' };
  const good = { ...EMPTY, looks: 6, answered: 6, fresh: 6, lag_looks: 6, response_sum: 60 };
  const bad = { ...EMPTY, looks: 6, answered: 0, worst: 'unreachable' as const };
  const late = { ...good, fresh: 0, lag_sum: 6 * 3_600_000, worst: 'behind' as const };
  const [hour, day] = [3_600_000, DAY_MS];
  const at = (ms: number, size: number) =>
    new Date(Math.floor((now().getTime() - ms) / size) * size).toISOString();
  await db.transaction().execute(async (trx) => {
    for (let i = 0; i < 24; i += 1) {
      const sum =
        i % 2 === 0 ? { ...good, response_squares: 600 } : { ...late, response_squares: 600 };
      await writeSum(trx, 'probe_hour', { ...of, start: at(i * hour, hour), ...sum });
    }
    await writeSum(trx, 'probe_hour', { ...of, start: at(24 * hour, hour), ...bad });
    for (let i = 0; i < 14; i += 1) {
      const sum = i < 7 ? { ...good, runs: 4 } : { ...bad, runs: 0 };
      await writeSum(trx, 'probe_day', { ...of, start: at(i * day, day), ...sum });
    }
    await writeSum(trx, 'probe_day', { ...of, start: at(14 * day, day), ...bad, runs: 1000 });
    await refreshFigures(trx, of, now());
  });
  const [figures] = await listMetrics(db, of);
  const { completion, delay_ms: delay, response_ms: response, availability } = figures ?? {};
  assert.deepEqual([completion, delay, response, availability], [50, 1_800_000, 10, 50]);
  assert.equal(figures?.response_deviation_ms, 0);
  // 28 runs in the 13 days and 9 hours that were looked at.
  assert.equal(figures?.runs_a_day?.toFixed(3), (28 / 13.375).toFixed(3));
  assert.equal(figures?.score?.toFixed(3), (25 * 0.5 ** (1 / 12)).toFixed(3));
});
