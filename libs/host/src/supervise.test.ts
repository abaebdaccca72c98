import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import { supervise, type SuperviseOptions } from './supervise.ts';

const folder = mkdtempSync(join(tmpdir(), 'supervise-'));
after(() => rmSync(folder, { recursive: true }));

describe('supervise', () => {
  test('starts it again, with growing pauses, and says why it ended', async () => {
    const file = join(folder, 'starts');
    const ends: Parameters<SuperviseOptions['onExit']>[0][] = [];
    const supervised = start(`echo x >> ${file}; echo because >&2; exit 3`, (end) =>
      ends.push(end),
    );
    await until(() => ends.length === 2);
    await supervised.stop();
    assert.deepEqual(ends, [
      { code: 3, stderr: 'because\n', restartInMs: 500 },
      { code: 3, stderr: 'because\n', restartInMs: 1000 },
    ]);
    assert.equal(readFileSync(file, 'utf8'), 'x\nx\n');
  });

  test('a program that is not there is an end too', async () => {
    let words = '';
    const onExit = ({ stderr }: { stderr: string }) => (words = stderr);
    const supervised = supervise({ argv: ['no-such-program'], onExit });
    await until(() => words !== '');
    assert.match(words, /no-such-program/);
    assert.equal(supervised.pid(), undefined);
    await supervised.stop();
  });

  test('stop ends it and its children, and tells nobody', async () => {
    const file = join(folder, 'pids');
    const supervised = start(`sleep 60 & echo "$! $$" > ${file}; wait`, () => assert.fail('told'));
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const [child, self] = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    assert.equal(supervised.pid(), self);
    await supervised.stop();
    assert.equal(supervised.pid(), undefined);
    assert.deepEqual([isAlive(child), isAlive(self)], [false, false]);
    await supervised.stop();
  });

  test('stop also ends what does not listen', async () => {
    const file = join(folder, 'deaf');
    const child = `trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done`;
    const supervised = start(`sh -c '${child}' & wait`, () => {});
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const pid = Number(readFileSync(file, 'utf8'));
    await supervised.stop();
    await until(() => !isAlive(pid));
  });

  test('passes a signal on', async () => {
    const file = join(folder, 'hup');
    const ready = `${file}.ready`;
    const script = `trap "echo hup > ${file}; exit 0" HUP; echo > ${ready}; while :; do sleep 0.01; done`;
    const supervised = start(script, () => {});
    await until(() => existsSync(ready));
    supervised.signal('SIGHUP');
    await until(() => existsSync(file));
    await supervised.stop();
  });

  test('stop in the pause between two starts ends the pause', async () => {
    let pauseMs = 0;
    const supervised = start('exit 1', ({ restartInMs }) => (pauseMs = restartInMs));
    await until(() => pauseMs === 1000);
    const before = performance.now();
    await supervised.stop();
    assert.ok(performance.now() - before < 900);
  });
});

function start(script: string, onExit: SuperviseOptions['onExit']) {
  return supervise({ argv: ['sh', '-c', script], onExit });
}

async function until(holds: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < giveUpAt, 'it did not come to pass');
    await delay(10);
  }
}

/** A process that only waits to be buried has ended. */
function isAlive(pid: number | undefined): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
