import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runFaults } from './faults/run.ts';
import { tempFolder } from './harness/temp-folder.ts';
import { tryTool } from './harness/tool.ts';

/** `scripts/faults --seed 7 --publishes 7 --leaves 3` makes the same faults, and longer ones exist. */
const SEED = 7;

void test('seven publishes while master, hubs and mirrors are killed and cut off: nothing acknowledged is lost', async (t) => {
  const temp = await tempFolder('faults');
  const folder = join(temp.path, `faults-${SEED}`);
  await mkdir(folder);
  const said: string[] = [];
  try {
    await runFaults({
      seed: SEED,
      publishes: 7,
      leaves: 3,
      longestMs: 30_000,
      folder,
      say: (line) => void said.push(line),
      signal: t.signal,
    });
    const reader = join(import.meta.dirname, 'faults/reader/main.ts');
    const verdict = await tryTool([process.execPath, '--import', 'tsx', reader, folder]);
    assert.equal(verdict.code, 0, `${said.join('\n')}\n${verdict.stdout}${verdict.stderr}`);
    const figures = JSON.parse(verdict.stdout.trimEnd().split('\n').at(-1) ?? '') as {
      acknowledged: number;
      kills: Record<string, number>;
    };
    assert.ok(figures.acknowledged >= 3, verdict.stdout);
    assert.ok(Object.keys(figures.kills).includes('master'), verdict.stdout);
  } finally {
    await temp.remove();
  }
});
