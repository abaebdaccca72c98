import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from './harness/temp-folder.ts';
import { judge } from './readers/judge.ts';
import { runReaders } from './readers/run.ts';

/** `scripts/readers --seed 4` makes the same kills, and more of them. */
const SEED = 4;

void test('apt and a tight loop read a leaf through publishes and kills: nothing wrong, nothing missing', async (t) => {
  const temp = await tempFolder('readers');
  const folder = join(temp.path, 'history');
  await mkdir(folder);
  const said: string[] = [];
  try {
    await runReaders({
      seed: SEED,
      publishes: 5,
      packages: 14,
      calm: false,
      keepSeconds: 6,
      longestMs: 25_000,
      folder,
      say: (line) => void said.push(line),
      signal: t.signal,
    });
    const { figures, violations } = judge(folder);
    const told = `${said.join('\n')}\n${JSON.stringify(figures)}`;
    assert.deepEqual(violations, [], told);
    const { kills, ours } = figures as {
      kills: Record<string, number>;
      ours: Record<string, { passes: number; releases: number; apt: { runs: number } }>;
    };
    assert.ok((kills['leaf'] ?? 0) > 0, told);
    for (const how of ['by-hash', 'by-name']) {
      assert.ok((ours[how]?.passes ?? 0) > 100, told);
      assert.ok((ours[how]?.apt.runs ?? 0) > 2, told);
      // Two suites of at least three different releases: it did not stand still.
      assert.ok((ours[how]?.releases ?? 0) >= 6, told);
    }
  } finally {
    await temp.remove();
  }
});
