import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OWN_FOLDER, treePath } from '@pushmirror/manifest';
import { describeTree, type DescribeOptions, type DescribeProgress } from './describe.ts';
import { digest, newArchive, refused } from './tree/archive.test.ts';
import { Threads } from './tree/threads.ts';

// What describing does is tested in tree/; here, that it does so in threads.

void test('a tree is described by threads, and what they say comes through', async () => {
  const archive = newArchive();
  for (let i = 0; i < 6_000; i++) archive.write(`pool/${i % 200}/file-${i}`, `${i}`);
  const seen: DescribeProgress[] = [];
  const described = await describeTree({
    ...options(archive),
    onProgress: (progress) => void seen.push(progress),
  });
  assert.equal(described.files, 6_000);
  const entries = await archive.entries(described);
  assert.ok(
    entries.every((entry) => {
      if (entry.kind !== 'file') return true;
      return entry.sha256 === digest(entry.path.replace(/.*-/, ''));
    }),
  );
  assert.equal(seen.at(-1)?.filesHashed, 6_000);
  assert.deepEqual([...new Set(seen.map(({ phase }) => phase))].at(-1), 'writing');

  archive.write('pool/7/é', 'changed');
  archive.write('pool/7/bytes', 'changed too');
  const changed = (async function* () {
    yield 'pool/7/é';
    yield Buffer.from('pool/7/bytes');
  })();
  const again = await describeTree({ ...options(archive), changed });
  assert.equal(again.changed, 2);
  assert.ok((await archive.entries(again)).some(({ path }) => path === treePath('pool/7/é')));

  const gone = describeTree({ ...options(archive), root: join(archive.root, 'none') });
  await refused('unreadable', gone, 'none');
});

void test('a publish that is called off ends with the reason, and remembers what it hashed', async () => {
  const archive = newArchive();
  for (let i = 0; i < 6_000; i++) archive.write(`pool/file-${i}`, `${i}`);
  const stop = new AbortController();
  const reason = new Error('the release manager changed their mind');
  const stopped = describeTree({
    ...options(archive),
    signal: stop.signal,
    onProgress: ({ filesHashed }) => filesHashed > 0 && stop.abort(reason),
  });
  await assert.rejects(stopped, reason);
  const stored = readdirSync(join(archive.root, OWN_FOLDER), { recursive: true });
  assert.ok(!stored.some((name) => String(name).endsWith('.root')));
  await archive.publish();
  assert.ok(archive.hashed < 6_000, `${archive.hashed} hashed again`);
  await assert.rejects(describeTree({ ...options(archive), signal: stop.signal }), reason);
});

void test('threads are kept for the next time, no more than wanted, and none that has ended', async () => {
  const threads = new Threads('hand-thread', 1);
  const [one, other] = [threads.take(), threads.take()];
  threads.keep(one);
  const ended = once(other, 'exit');
  threads.keep(other);
  await ended;
  assert.equal(threads.take(), one);
  threads.keep(one);
  await one.terminate();
  const next = threads.take();
  assert.notEqual(next, one);
  await next.terminate();
});

function options(archive: ReturnType<typeof newArchive>): DescribeOptions {
  const { allowDelete: _, changed: __, ...task } = archive.task();
  return { ...task, onProgress: () => {}, signal: new AbortController().signal };
}
