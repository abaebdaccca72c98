import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { askDaemon } from './control-client.ts';
import { startControl, type ControlOptions } from './control.ts';
import { tempFolder } from './fixtures.test.ts';

const folder = tempFolder();
const path = join(folder, 'agent.sock');
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

async function start(change: Partial<ControlOptions> = {}): Promise<void> {
  const control = await startControl({
    path,
    handle: async (request, send) => send({ op: request.op }),
    ...change,
  });
  open.push(() => control.close());
}

async function ask(silenceMs = 1_000): Promise<object[]> {
  const lines: object[] = [];
  for await (const line of askDaemon(path, { op: 'status' }, silenceMs)) lines.push(line);
  return lines;
}

/** Send bytes as they are, and give what comes back until the end. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(path, () => socket.write(text));
    socket.on('data', (chunk) => (received += chunk.toString('utf8')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}

describe('the control socket', () => {
  test('answers with lines, in a place that an earlier process may have left behind', async () => {
    writeFileSync(path, '');
    await start({
      async handle(_request, send) {
        send({ n: 1 });
        send({ n: 2 });
      },
    });
    assert.deepEqual(await ask(), [{ n: 1 }, { n: 2 }]);
  });

  test('is gone when the daemon is, which a client is told in words', async () => {
    await start();
    await open.pop()?.();
    assert.equal(existsSync(path), false);
    await assert.rejects(ask(), /^AgentError: The agent is not running\. Start it with:/);
  });

  test('unknown and broken requests are answered with an error', async () => {
    await start();
    for (const text of ['{"op":"rm"}\n', 'x\n', '{"op":"status","x":1}\n', '[]\n', '\n']) {
      assert.match(await raw(text), /^\{"error":/, text);
    }
  });

  test('whoever says nothing, or too much, is cut off', async () => {
    await start({ requestDeadlineMs: 30 });
    assert.equal(await raw(''), '');
    assert.equal(await raw('x'.repeat(200_000)), '');
    assert.deepEqual(await ask(), [{ op: 'status' }]);
  });

  test('what goes wrong is told, and a silent daemon is given up on', async () => {
    await start({ handle: () => Promise.reject(new Error('out of luck')) });
    await assert.rejects(ask(), /out of luck/);
    await open.pop()?.();
    await start({ handle: () => new Promise(() => {}) });
    await assert.rejects(ask(50), /The agent did not answer/);
  });

  test('the handler hears when its client has gone', async () => {
    let heard = () => {};
    const gone = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await start({
      async handle(_request, _send, signal) {
        socket.destroy();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        heard();
      },
    });
    const socket = connect(path, () => socket.write('{"op":"status"}\n'));
    await gone;
  });
});
