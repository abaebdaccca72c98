import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import { HostError } from './errors.ts';
import { run, type RunOptions } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-'));
after(() => rmSync(folder, { recursive: true }));

const LONG = 60_000;

describe('run', () => {
  test('what it said and how it ended', async () => {
    const result = await sh('echo out; echo err >&2; exit 3');
    assert.equal(result.code, 3);
    assert.equal(result.stdout, 'out\n');
    assert.equal(result.stderr, 'err\n');
    assert.deepEqual([result.timedOut, result.aborted, result.signal], [false, false, null]);
    assert.ok(result.seconds < 10);
  });

  test('no shell: words arrive as they are', async () => {
    const words = ['a b', '$HOME', '; exit 1', '', '-n', "'", '*'];
    const argv: [string, ...string[]] = ['printf', '%s|', ...words];
    const { stdout } = await run({ argv, deadlineMs: LONG });
    assert.equal(stdout, `${words.join('|')}|`);
  });

  test('stdin, folder and environment; of ours only the path', async () => {
    const script = 'cat; pwd; env | cut -d= -f1 | grep -v _ | sort | tr "\\n" " "';
    const { stdout } = await run({
      argv: ['sh', '-c', script],
      deadlineMs: LONG,
      stdin: 'in ',
      cwd: folder,
    });
    assert.match(stdout, new RegExp(`^in ${folder}\\n`));
    assert.match(stdout, /\nPATH PWD $/);
    const env = { PATH: '/usr/bin:/bin', A: 'b' };
    const other = await run({ argv: ['sh', '-c', 'echo $A'], deadlineMs: LONG, env });
    assert.equal(other.stdout, 'b\n');
  });

  test('a program that does not read its stdin is no error', async () => {
    const result = await run({ argv: ['true'], deadlineMs: LONG, stdin: Buffer.alloc(1_000_000) });
    assert.equal(result.code, 0);
  });

  test('of much output the end is kept, and all of it can be seen', async () => {
    let seen = 0;
    const { stdout } = await run({
      argv: ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; echo end'],
      deadlineMs: LONG,
      keepBytes: 1000,
      onStdout: (chunk) => (seen += chunk.length),
    });
    assert.equal(stdout, `${'x'.repeat(996)}end\n`);
    assert.equal(seen, 3_000_004);
    const none = await run({ argv: ['echo', 'x'], deadlineMs: LONG, keepBytes: 0 });
    assert.equal(none.stdout, '');
  });

  test('a program that is not there, and one that may not run', async () => {
    for (const program of ['no-such-program', join(folder, 'no'), '/etc/passwd']) {
      await assert.rejects(
        run({ argv: [program, 'x'], deadlineMs: LONG }),
        (error) =>
          error instanceof HostError &&
          error.code === 'program-missing' &&
          error.message.startsWith(`${program} could not be started (`),
      );
    }
  });

  test('127 of the program itself is its exit code', async () => {
    assert.equal((await sh('exit 127')).code, 127);
  });

  test('a deadline beyond what timers can hold is not "at once"', async () => {
    const result = await run({ argv: ['true'], deadlineMs: 90 * 86_400_000 });
    assert.deepEqual([result.code, result.timedOut], [0, false]);
  });
});

describe('the end that is forced', () => {
  test('the deadline ends the program', async () => {
    const result = await sh('sleep 60', { deadlineMs: 50 });
    assert.deepEqual([result.timedOut, result.aborted], [true, false]);
    assert.ok(result.seconds < 10);
  });

  test('and its children, also one that will not listen and holds nothing of ours', async () => {
    const file = join(folder, 'stubborn');
    // The child ignores SIGTERM and has let go of stdout and stderr; only its group gives it away.
    const child = `trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done`;
    const controller = new AbortController();
    const running = run({
      argv: ['sh', '-c', `sh -c '${child}' > /dev/null 2>&1 & echo started; wait`],
      deadlineMs: LONG,
      signal: controller.signal,
    });
    const pid = await pidIn(file);
    controller.abort();
    const result = await running;
    assert.equal(result.aborted, true);
    assert.ok(result.seconds < 10);
    assert.ok(await isGone(pid));
  });

  test('one that has left the group but holds our pipe does not keep us waiting', async () => {
    const file = join(folder, 'escaped');
    const child = `trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done`;
    const result = await sh(`setsid sh -c '${child}' & wait`, {
      deadlineMs: 300,
      killAfterMs: 200,
    });
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    assert.equal(result.timedOut, true);
    assert.ok(result.seconds < 10);
  });

  test('aborted before it began', async () => {
    const result = await sh('sleep 60', { signal: AbortSignal.abort() });
    assert.equal(result.aborted, true);
    assert.ok(result.seconds < 10);
  });

  test('an abort after the end does nothing', async () => {
    const controller = new AbortController();
    const result = await sh('exit 0', { signal: controller.signal });
    controller.abort();
    assert.deepEqual([result.code, result.aborted], [0, false]);
  });

  test('when we are killed, so is the program', async () => {
    const file = join(folder, 'orphan');
    const script = `
      import { run } from ${JSON.stringify(new URL('run.ts', import.meta.url).href)};
      const script = 'echo $$ > ${file}; exec sleep 60';
      await run({ argv: ['sh', '-c', script], deadlineMs: 60_000 });
    `;
    const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', script];
    const us = spawn(process.execPath, args, { stdio: 'inherit' });
    const pid = await pidIn(file);
    us.kill('SIGKILL');
    await once(us, 'exit');
    assert.ok(await isGone(pid));
  });
});

function sh(script: string, options: Partial<RunOptions> = {}) {
  return run({ argv: ['sh', '-c', script], deadlineMs: LONG, ...options });
}

/** The pid that a program writes into a file when it is ready. */
async function pidIn(file: string): Promise<number> {
  const giveUpAt = performance.now() + 10_000;
  while (performance.now() < giveUpAt) {
    const [line, end] = contentOf(file).split('\n');
    if (end !== undefined) return Number(line);
    await delay(10);
  }
  return assert.fail(`nobody wrote ${file}`);
}

/** Whether a process ends in good time; one that only waits to be buried has ended. */
async function isGone(pid: number): Promise<boolean> {
  const giveUpAt = performance.now() + 10_000;
  while (performance.now() < giveUpAt) {
    const state = /\) (\w)/.exec(contentOf(`/proc/${pid}/stat`))?.[1];
    if (state === undefined || state === 'Z') return true;
    await delay(10);
  }
  return false;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
