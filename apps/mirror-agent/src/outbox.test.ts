import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { tempFolder } from './fixtures.test.ts';
import { openOutbox, type News, type OutboxOptions } from './outbox.ts';

const folder = tempFolder();
const newPath = () => join(mkdtempSync(join(folder, 'outbox-')), 'reports.ndjson');
const open = (path: string, change: Partial<OutboxOptions> = {}) =>
  openOutbox({
    path,
    onCorrupt: () => assert.fail('not corrupt'),
    onProblem: (error) => assert.fail(String(error)),
    ...change,
  });
const news = (serial: number, event: News['event'] = 'committed'): News => ({
  at: '2026-11-21T00:00:00.000Z',
  archive: 'debian',
  epoch: 1,
  serial,
  event,
});

describe('the outbox', () => {
  test('numbers reports, keeps them over restarts, and forgets what is acknowledged', async () => {
    const path = newPath();
    const outbox = await open(path);
    await Promise.all([1, 2, 3].map((serial) => outbox.add(news(serial))));
    const ids = outbox.first(10).map(({ id }) => id);
    const [instance] = ids[0]?.split(':') ?? [];
    assert.deepEqual(
      ids,
      [1, 2, 3].map((n) => `${instance}:${n}`),
    );

    const again = await open(path);
    assert.deepEqual(
      again.first(10).map(({ serial }) => serial),
      [1, 2, 3],
    );
    await again.acknowledge(`${instance}:2`);
    assert.deepEqual(
      (await open(path)).first(10).map(({ serial }) => serial),
      [3],
    );
    await again.acknowledge(`${instance}:3`);
    const empty = await open(path);
    assert.equal(empty.size(), 0);
    await empty.add(news(4));
    assert.equal(empty.first(1)[0]?.id, `${instance}:4`, 'numbers never start anew');
    await empty.acknowledge('0123456789abcdef:99');
    assert.equal(empty.size(), 1, 'another instance is not ours');
  });

  test('a line that a crash cut off is left out; a file of garbage is moved aside', async () => {
    const path = newPath();
    const outbox = await open(path);
    await outbox.add(news(1));
    await outbox.add(news(2));
    appendFileSync(path, '{"id":"');
    assert.deepEqual(
      (await open(path)).first(10).map(({ serial }) => serial),
      [1, 2],
    );

    writeFileSync(path, 'garbage\n');
    let told = '';
    const fresh = await open(path, { onCorrupt: (file) => (told = file) });
    assert.equal(told, path);
    await fresh.add(news(3));
    assert.equal(fresh.size(), 1);
  });

  test('of too many, the oldest "syncing" goes first, then the oldest', async () => {
    const path = newPath();
    const outbox = await open(path, { most: 3 });
    await outbox.add(news(1));
    await outbox.add(news(2, 'syncing'));
    await outbox.add(news(3));
    await outbox.add(news(4));
    assert.deepEqual(
      outbox.first(9).map(({ serial }) => serial),
      [1, 3, 4],
    );
    await outbox.add(news(5));
    assert.deepEqual(
      (await open(path)).first(9).map(({ serial }) => serial),
      [3, 4, 5],
    );
  });

  test('a disk that takes nothing is told of; reports wait in memory until it does', async () => {
    const path = newPath();
    const problems: unknown[] = [];
    const outbox = await open(path, { onProblem: (error) => problems.push(error) });
    rmSync(dirname(path), { recursive: true });
    await outbox.add(news(1));
    assert.equal(problems.length, 1);
    mkdirSync(dirname(path));
    await outbox.add(news(2));
    assert.deepEqual(
      (await open(path)).first(9).map(({ serial }) => serial),
      [1, 2],
    );
  });
});
