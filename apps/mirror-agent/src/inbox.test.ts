import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { parseHead } from '@pushmirror/trigger';
import { makeNetwork, tempFolder } from './fixtures.test.ts';
import { createInbox } from './inbox.ts';
import { mayCommit } from './permission.ts';

const folder = tempFolder();
const { head, hold } = makeNetwork(folder);
const inboxAt = (path = mkdtempSync(join(folder, 'inbox-'))) => ({
  path,
  inbox: createInbox(path, () => assert.fail('nothing is corrupt')),
});

describe('the inbox', () => {
  test('keeps the newest head, and says how each stood to it', async () => {
    const { inbox, path } = inboxAt();
    assert.equal(await inbox.head('debian'), undefined);
    const offered = async (...args: Parameters<typeof head>) =>
      (await inbox.offer(head(...args))).comparison;
    assert.equal(await offered(1), 'first');
    assert.equal(await offered(3), 'newer');
    assert.equal(await offered(2), 'rollback');
    const later = {
      issued: new Date('2099-01-01T00:00:00Z'),
      expires: new Date('2099-01-02T00:00:00Z'),
    };
    assert.equal(await offered(3, later), 'refresh');
    assert.equal(await offered(3), 'duplicate');
    assert.equal((await inbox.head('debian'))?.head.issued.getTime(), later.issued.getTime());
    assert.equal(
      await offered(3, { manifest: { sha256: 'a'.repeat(64), bytes: 1 } }),
      'equivocation',
    );
    assert.equal(await offered(1, { epoch: 2 }), 'newer');
    assert.equal((await createInbox(path, () => {}).head('debian'))?.head.epoch, 2);
  });

  test('of many offered at once, by two users of the folder, the newest stays', async () => {
    const { inbox, path } = inboxAt();
    const other = inboxAt(path).inbox;
    const serials = [5, 3, 9, 1, 7, 2, 8, 4, 6];
    await Promise.all(serials.map((serial, i) => (i % 2 ? inbox : other).offer(head(serial))));
    assert.equal((await inbox.head('debian'))?.head.serial, 9);
  });

  test('a corrupt file is moved aside and told of, and the next head is taken', async () => {
    const { path } = inboxAt();
    const told: string[] = [];
    const inbox = createInbox(path, (file, reason) => told.push(`${file}: ${reason}`));
    writeFileSync(join(path, 'debian.head'), 'garbage');
    assert.equal(await inbox.head('debian'), undefined);
    assert.match(told.join(), /debian\.head: This is not a head/);
    assert.ok(existsSync(join(path, 'debian.head.corrupt')));
    assert.equal((await inbox.offer(head(1))).comparison, 'first');
  });

  test('keeps how far a release may be taken, for whoever reads the folder next', async () => {
    const { inbox, path } = inboxAt();
    const mayCommitNow = async (serial: number) =>
      mayCommit(head(serial), await createInbox(path, () => {}).permission('debian'));
    await inbox.offer(head(1), 'all');
    await inbox.offer(head(2), 'stage1');
    assert.equal(await mayCommitNow(2), false);
    assert.equal((await inbox.offer(head(2), 'stage2')).lacking, true);
    assert.equal(await mayCommitNow(2), false);
    assert.equal((await inbox.offer(head(2), 'stage2', async () => true)).lacking, false);
    assert.equal(await mayCommitNow(2), true);
    await inbox.offer(head(2), 'stage1');
    assert.equal(await mayCommitNow(2), true, 'permission is not taken back');
    await inbox.offer(head(3), 'stage1');
    await inbox.offer(head(2), 'all');
    assert.equal(await mayCommitNow(3), false, 'an older release says nothing about it');
  });

  test('keeps the newest hold, and permits nothing that it covers', async () => {
    const { inbox, path } = inboxAt();
    await inbox.offer(head(1));
    const held = hold(1, 7, 'held');
    assert.equal(mayCommit(head(1), await inbox.offerHold(held)), false);
    assert.deepEqual((await createInbox(path, () => {}).hold('debian'))?.bytes, held.bytes);
    await inbox.offerHold(hold(1, 6, 'released'));
    assert.equal(mayCommit(head(1), await inbox.permission('debian')), false);
    assert.equal(mayCommit(head(1), await inbox.offerHold(hold(1, 8, 'released'))), true);
  });

  test('kept locked, it takes what we offer, and others wait until it is let go', async () => {
    const { inbox, path } = inboxAt();
    const letGo = await inbox.keepLocked();
    let over = false;
    const others = inboxAt(path)
      .inbox.offer(head(2))
      .finally(() => (over = true));
    assert.equal((await inbox.offer(head(1))).comparison, 'first');
    assert.equal((await inbox.offer(head(3))).comparison, 'newer');
    assert.equal(over, false);
    await letGo();
    assert.equal((await others).comparison, 'rollback');
    assert.equal((await inbox.offer(head(4))).comparison, 'newer');
  });

  test('whatever was acknowledged before a kill -9 is there after it', async () => {
    const { path } = inboxAt();
    const heads = Array.from({ length: 200 }, (_, i) => head(i + 1).bytes.toString('base64'));
    writeFileSync(join(path, '..', 'heads.json'), JSON.stringify(heads));
    const code = `
      import { readFileSync } from 'node:fs';
      import { parseHead } from '@pushmirror/trigger';
      import { createInbox } from ${JSON.stringify(new URL('./inbox.ts', import.meta.url).href)};
      const inbox = createInbox(${JSON.stringify(path)}, () => process.exit(1));
      for (const text of JSON.parse(readFileSync(${JSON.stringify(join(path, '..', 'heads.json'))}))) {
        const signed = parseHead(Buffer.from(text, 'base64'));
        await inbox.offer(signed);
        console.log(signed.head.serial);
      }`;
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', code],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
    );
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= 20) child.kill('SIGKILL');
    }
    assert.ok(acknowledged >= 20);
    const kept = parseHead(readFileSync(join(path, 'debian.head'))).head.serial;
    assert.ok(kept >= acknowledged, `${kept} is on disk, ${acknowledged} was acknowledged`);
  });
});
