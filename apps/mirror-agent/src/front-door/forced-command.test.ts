import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { formatTrigger, parseHead } from '@pushmirror/trigger';
import { startControl } from '../control.ts';
import { makeKey, makeNetwork, tempFolder, writeConfig } from '../fixtures.test.ts';
import { receiveForced } from './forced-command.ts';

const root = tempFolder();
const { head, allowedSigners } = makeNetwork(root);
const hubKey = makeKey(join(root, 'hub'));
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

function newMirror() {
  const folder = mkdtempSync(join(root, 'mirror-'));
  const peer = [{ name: 'hub', key: hubKey, from: ['192.0.2.0/24'] }];
  const config = writeConfig(folder, allowedSigners, { peer });
  const state = join(folder, 'state');
  return { config, state, asked: { config, peer: 'hub', from: '192.0.2.1' } };
}
const triggerOf = (serial: number) => formatTrigger({ archive: 'debian', head: head(serial) });

describe('the forced command', () => {
  test('hands the trigger to the daemon and gives its answer', async () => {
    const { state, asked } = newMirror();
    mkdirSync(state);
    const requests: unknown[] = [];
    const control = await startControl({
      path: join(state, 'agent.sock'),
      async handle(request, send) {
        requests.push(request);
        send({ result: 'refused', archive: 'debian', reason: 'because' });
      },
    });
    open.push(() => control.close());
    assert.equal(statSync(join(state, 'agent.sock')).mode & 0o777, 0o600);
    const { line, exitCode } = await receiveForced({ ...asked, command: 'sync:all' });
    assert.equal(line, '{"result":"refused","archive":"debian","reason":"because"}\n');
    assert.equal(exitCode, 77);
    const peer = { mirror: 'hub', from: '192.0.2.1' };
    assert.deepEqual(requests, [{ op: 'trigger', command: 'sync:all', peer }]);
  });

  test('without a daemon it judges the head itself and keeps it where the daemon looks', async () => {
    const { state, asked } = newMirror();
    const first = await receiveForced({ ...asked, command: triggerOf(2) });
    assert.equal(first.exitCode, 0);
    assert.match(first.line, /^\{"result":"accepted","archive":"debian","serial":2,/);
    const kept = () => parseHead(readFileSync(join(state, 'inbox/debian.head'))).head.serial;
    assert.equal(kept(), 2);
    assert.match((await receiveForced({ ...asked, command: triggerOf(2) })).line, /duplicate/);
    const older = await receiveForced({ ...asked, command: triggerOf(1) });
    assert.equal(older.exitCode, 77);
    assert.equal(kept(), 2);
    const audit = readFileSync(join(state, 'audit.ndjson'), 'utf8').trim().split('\n');
    const entries = audit.map((text) => JSON.parse(text) as Record<string, unknown>);
    assert.deepEqual(
      entries.map(({ result, refusal }) => [result, refusal]),
      [
        ['accepted', undefined],
        ['duplicate', undefined],
        ['refused', 'rollback'],
      ],
    );
  });

  test('without a daemon, too, only the peer may, from its own addresses', async () => {
    const { asked } = newMirror();
    const command = triggerOf(1);
    assert.equal((await receiveForced({ ...asked, command, peer: 'other' })).exitCode, 77);
    assert.equal((await receiveForced({ ...asked, command, from: '10.0.0.1' })).exitCode, 77);
    assert.equal((await receiveForced({ ...asked, command, from: undefined })).exitCode, 77);
    assert.equal((await receiveForced({ ...asked, command })).exitCode, 0);
  });

  test('a hint while the daemon is down is accepted: it asks all upstreams when it starts', async () => {
    const { asked } = newMirror();
    const { line, exitCode } = await receiveForced({ ...asked, command: ' sync:all' });
    assert.equal(exitCode, 0);
    assert.match(line, /"result":"accepted","archive":"debian"/);
  });

  test('no command, one too long, and nonsense are malformed', async () => {
    const { asked } = newMirror();
    for (const command of [undefined, 'x'.repeat(4097), 'ls -l', '', 'sync:all; reboot']) {
      const { line, exitCode } = await receiveForced({ ...asked, command });
      assert.equal(exitCode, 65);
      assert.doesNotMatch(line, /reboot|ls -l/);
    }
  });

  test('a daemon that hangs, hangs up or babbles is busy', async () => {
    for (const behave of ['hang', 'hang up', 'babble'] as const) {
      const { state, asked } = newMirror();
      mkdirSync(state);
      const server = createServer((socket) => {
        socket.on('error', () => {});
        if (behave === 'hang up') socket.destroy();
        if (behave === 'babble') socket.write('x'.repeat(100_000));
        open.push(() => socket.destroy());
      });
      await new Promise<void>((resolve) => server.listen(join(state, 'agent.sock'), resolve));
      open.push(() => server.close());
      const { exitCode } = await receiveForced({ ...asked, command: triggerOf(1) }, 50);
      assert.equal(exitCode, 75, behave);
    }
  });

  test('a broken configuration is busy, and only the operator is told what is wrong', async () => {
    const { asked } = newMirror();
    const command = triggerOf(1);
    const { line, exitCode } = await receiveForced({ ...asked, config: '/nowhere', command });
    assert.equal(exitCode, 75);
    assert.doesNotMatch(line, /nowhere/);
  });

  test('finds the state folder whatever way TOML writes it', async () => {
    const { config, state, asked } = newMirror();
    mkdirSync(state);
    const control = await startControl({
      path: join(state, 'agent.sock'),
      handle: async (_request, send) => send({ result: 'accepted' }),
    });
    open.push(() => control.close());
    const text = readFileSync(config, 'utf8');
    const name = `state = "${state}"`;
    assert.ok(text.includes(name));
    for (const other of [
      `state='${state}'`,
      `"state" = "${state}"`,
      `state = """${state}"""`,
      `${name} # here`,
      `# state = "/nowhere"\n${name}`,
    ]) {
      writeFileSync(config, text.replace(name, other));
      const { line } = await receiveForced({ ...asked, command: 'sync:all' });
      assert.equal(line, '{"result":"accepted"}\n', other);
    }
  });
});
