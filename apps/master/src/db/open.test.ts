import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { listArchives } from './archives.ts';
import { statementsOf } from './migrate.ts';
import { openDatabase } from './open.ts';
import { readSetting, writeSetting } from './settings.ts';
import { asActionable } from './actionable.ts';

let state = '';
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'pushmirror-db-'));
});
afterEach(() => rm(state, { recursive: true }));

const now = () => new Date('2026-11-21T09:00:00Z');
const open = (network = 'example') => openDatabase({ state, network, now });

test('a database is made once, and is durable by its settings', async () => {
  await (await open()).destroy();
  const db = await open();
  assert.equal(await readSetting(db, 'network'), 'example');
  await db.destroy();
  const direct = new Database(join(state, 'master.sqlite'));
  assert.equal(direct.pragma('journal_mode', { simple: true }), 'wal');
  direct.close();
});

test('another network, a newer program, and what is no database are refused', async () => {
  await (await open()).destroy();
  await assert.rejects(open('other'), /belongs to the network "example", not to "other"/);
  const direct = new Database(join(state, 'master.sqlite'));
  direct.prepare("insert into migration values ('9999-from-the-future.sql', 'x')").run();
  direct.close();
  await assert.rejects(open(), /used by a newer mirror-master \(it has 9999-from-the-future/);
  await rm(join(state, 'master.sqlite'));
  await writeFile(join(state, 'master.sqlite'), 'x'.repeat(8192));
  await assert.rejects(open(), /damaged or not a database/);
});

test('after kill -9 there is all of what was committed and nothing of what was not', async () => {
  await (await open()).destroy();
  const script = `
    const Database = require('better-sqlite3');
    const db = new Database(process.argv[1]);
    db.pragma('synchronous = FULL');
    const add = db.prepare("insert into archive (name, path, profile, mode, epoch, delete_limit, added_at) values (?, ?, 'debian', 'manifest', 1, 1, 'x')");
    add.run('kept', '/kept');
    db.exec('begin immediate');
    add.run('lost', '/lost');
    console.log('now');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script, join(state, 'master.sqlite')], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const db = await open();
  assert.deepEqual(
    (await listArchives(db)).map(({ name }) => name),
    ['kept'],
  );
  await db.destroy();
});

test('a full database is a sentence, leaves the transaction undone, and recovers', async () => {
  const db = await open();
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
  const pages = rows[0]?.page_count ?? 0;
  const write = (name: string, text: string) =>
    db.transaction().execute(async (trx) => {
      await writeSetting(trx, `${name}-first`, 'small');
      await writeSetting(trx, name, text);
    });
  await sql.raw(`pragma max_page_count = ${pages}`).execute(db);
  await assert.rejects(write('big', 'x'.repeat(1_000_000)), (error) => {
    const known = asActionable(error);
    return known?.code === 'disk-full' && /Free some space/.test(known.message);
  });
  assert.equal(await readSetting(db, 'big-first'), undefined);
  await sql.raw('pragma max_page_count = 100000').execute(db);
  await write('big', 'x'.repeat(1_000_000));
  assert.equal(await readSetting(db, 'big-first'), 'small');
  await db.destroy();
});

test('migrations are split at line ends only', () => {
  assert.deepEqual(statementsOf("-- a; b\ncreate x (\n a text -- c\n);\ninsert 'a;b';\n\n"), [
    'create x (\n a text -- c\n)',
    "insert 'a;b'",
  ]);
});
