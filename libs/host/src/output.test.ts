import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { test } from 'node:test';

const LENGTH = 300_000;

/** A program that says much at once and then exits. */
function speaker(): ReturnType<typeof spawn> {
  const program = `
    const { allRead, outlastReaders } = await import(${JSON.stringify(import.meta.resolve('./output.ts'))});
    const streams = [process.stdout, process.stderr];
    outlastReaders(streams);
    process.stdout.write('x'.repeat(${LENGTH}));
    await allRead(streams);
    process.exit(3);`;
  const options = [
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '--eval',
    program,
  ];
  return spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'] });
}

void test('what a pipe cannot hold at once arrives whole before the process exits', async () => {
  const child = speaker();
  const ended = once(child, 'close');
  // Its reader begins late.
  await once(child.stdout as Readable, 'readable');
  let length = 0;
  for await (const chunk of child.stdout!) length += (chunk as Buffer).length;
  assert.deepEqual([length, (await ended)[0]], [LENGTH, 3]);
});

void test('a reader that goes away ends nothing, and there is no word of it', async () => {
  const child = speaker();
  const ended = once(child, 'close');
  child.stdout!.destroy();
  let said = '';
  for await (const chunk of child.stderr!) said += String(chunk);
  assert.deepEqual([said, (await ended)[0]], ['', 3]);
});
