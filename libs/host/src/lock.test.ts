import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { HostError } from './errors.ts';
import { lockFolder } from './lock.ts';

const root = mkdtempSync(join(tmpdir(), 'lock-'));
after(() => rmSync(root, { recursive: true }));

describe('lockFolder', () => {
  test('one holder at a time, and no file to be found', () => {
    const folder = newFolder();
    const lock = lockFolder(folder);
    assert.ok(lock);
    assert.equal(lockFolder(folder), undefined);
    assert.deepEqual(readdirSync(folder), []);
    lock.release();
    const again = lockFolder(folder);
    assert.ok(again);
    lock.release(); // Once more does no harm: the lock is another one by now.
    assert.equal(lockFolder(folder), undefined);
    again.release();
  });

  test('another process holds it, until it is killed', async () => {
    const folder = newFolder();
    const holder = holdElsewhere(folder);
    try {
      const [words] = (await once(holder.stdout, 'data')) as [Buffer];
      assert.equal(words.toString(), 'held\n');
      assert.equal(lockFolder(folder), undefined);
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    const lock = lockFolder(folder);
    assert.ok(lock);
    lock.release();
  });

  test('a program that was started meanwhile does not keep it', async () => {
    const folder = newFolder();
    const lock = lockFolder(folder);
    const program = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(program, 'spawn');
    lock?.release();
    const again = lockFolder(folder);
    program.kill();
    assert.ok(again);
    again.release();
  });

  test('no such folder', () => {
    assert.throws(
      () => lockFolder(join(root, 'none')),
      (error) => error instanceof HostError && /could not be locked \(ENOENT\)/.test(error.message),
    );
  });
});

/** A process of its own that locks a folder, says so, and then waits. */
function holdElsewhere(folder: string) {
  const script = `
    import { lockFolder } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)};
    if (lockFolder(${JSON.stringify(folder)})) console.log('held');
    setTimeout(() => {}, 60_000);
  `;
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', script];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

let counter = 0;
function newFolder(): string {
  const path = join(root, String(counter++));
  mkdirSync(path);
  return path;
}
