import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { parsePublicKey } from '@pushmirror/acl';
import {
  createFanOut,
  createSsh2Sender,
  parseHead,
  parseTrigger,
  type Downstream,
  type PushState,
  type Reply,
} from '@pushmirror/trigger';
import { freePort, makeKey, makeNetwork, tempFolder, until } from '../fixtures.test.ts';
import { startSshServer } from '../front-door/ssh-server.ts';
import { openRelay, readPushKey, type Relay } from './relay.ts';

const root = tempFolder();
const { head } = makeNetwork(root);
const pushKey = parsePublicKey(makeKey(join(root, 'push')));
const hostKey = makeKey(join(root, 'host'));
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

/** A real downstream: an SSH server that answers as told. */
async function newDownstream(name: string, reply: () => Reply = () => ({ result: 'accepted' })) {
  const got: number[] = [];
  const port = await freePort();
  const downstream: Downstream = {
    name,
    kind: 'agent',
    host: '127.0.0.1',
    port,
    user: 'mirror',
    hostKey,
    archives: ['debian'],
  };
  const up = async () => {
    const server = await startSshServer({
      address: '127.0.0.1',
      port,
      hostKey: join(root, 'host'),
      peers: [{ name: 'hub', key: pushKey }],
      async receive(command) {
        const { token } = parseTrigger(command);
        got.push(parseHead(token ?? Buffer.alloc(0)).head.serial);
        return reply();
      },
      maxConnections: 9,
      maxPerSource: 9,
      onRefused: () => {},
    });
    open.push(() => server.close());
  };
  return { downstream, got, up };
}

/** A hub's relay with the real fan-out; `stop` ends it as a crash would, without a word. */
async function newHub(folder: string, downstreams: Downstream[]) {
  const reports: [number, string, PushState][] = [];
  const sender = createSsh2Sender({ privateKeyPath: join(root, 'push') });
  const fanOut = createFanOut({
    sender,
    backoff: { minMs: 20, maxMs: 20, factor: 1 },
    onState: ({ key }, change) => relay.onState(readPushKey(key), change),
  });
  const relay: Relay = await openRelay({
    archive: 'debian',
    folder,
    onCorrupt: () => assert.fail(),
    downstreams: () => downstreams,
    fanOut,
    report: async ({ head: { serial } }, { mirror, state }) => {
      reports.push([serial, mirror, state]);
    },
    now: () => new Date(),
  });
  const stop = async () => {
    await fanOut.close();
    await sender.close();
  };
  open.push(stop);
  return { relay, reports, stop, fanOut };
}

const newFolder = () => mkdtempSync(join(root, 'relay-'));

describe('the relay', () => {
  test('sends a head to all downstreams, once, and reports each state', async () => {
    const [a, b] = [await newDownstream('a'), await newDownstream('b')];
    await Promise.all([a.up(), b.up()]);
    const { relay, reports } = await newHub(newFolder(), [a.downstream, b.downstream]);
    const { downstreams, tried } = await relay.announce(head(1));
    assert.equal(downstreams, 2);
    await tried;
    assert.deepEqual(relay.status(), { serial: 1, states: { accepted: 2 } });
    assert.deepEqual(
      reports.filter(([, mirror]) => mirror === 'a'),
      [
        [1, 'a', 'sending'],
        [1, 'a', 'accepted'],
      ],
    );
    await relay.announce(head(1));
    const later = new Date(Math.ceil(Date.now() / 1000) * 1000 + 5_000);
    await relay.announce(head(1, { issued: later, expires: new Date(later.getTime() + 60_000) }));
    assert.deepEqual([a.got, b.got], [[1], [1]], 'nobody is told twice');
  });

  test('after a crash it goes on with those that were not reached, and only those', async () => {
    const [a, b] = [await newDownstream('a'), await newDownstream('b')];
    await a.up();
    const folder = newFolder();
    const first = await newHub(folder, [a.downstream, b.downstream]);
    await (
      await first.relay.announce(head(1))
    ).tried;
    assert.equal(first.relay.status()?.states.accepted, 1);
    await first.stop();

    await b.up();
    const second = await newHub(folder, [a.downstream, b.downstream]);
    await second.relay.announce(head(1));
    await until('b is told', () => second.relay.status()?.states.accepted === 2);
    assert.deepEqual([a.got, b.got], [[1], [1]]);
  });

  test('a newer head takes over from pushes that are not done', async () => {
    const a = await newDownstream('a');
    const { relay, reports, fanOut } = await newHub(newFolder(), [a.downstream]);
    await (
      await relay.announce(head(1))
    ).tried;
    await relay.announce(head(2));
    assert.deepEqual(
      reports.filter(([serial, , state]) => serial === 1 && state === 'superseded'),
      [[1, 'a', 'superseded']],
    );
    await a.up();
    await until('a is told', () => relay.status()?.states.accepted === 1);
    await fanOut.idle();
    assert.deepEqual(a.got, [2], 'of the newer one only');
    assert.equal((await relay.announce(head(1))).downstreams, 0, 'and never of the older again');
  });

  test('the list may change at any time', async () => {
    const [a, b, c] = [
      await newDownstream('a'),
      await newDownstream('b'),
      await newDownstream('c'),
    ];
    await Promise.all([a.up(), c.up()]);
    const list = [a.downstream, b.downstream];
    const { relay } = await newHub(newFolder(), list);
    await (
      await relay.announce(head(1))
    ).tried;
    list.splice(1, 1, c.downstream);
    await relay.refresh();
    await until('c is told', () => relay.status()?.states.accepted === 2);
    assert.deepEqual(relay.status()?.states, { accepted: 2 }, 'b is forgotten');
    assert.deepEqual([a.got, c.got], [[1], [1]]);
  });

  test('a downstream whose address was wrong is told when it has been put right', async () => {
    const a = await newDownstream('a');
    await a.up();
    const wrong = { ...a.downstream, hostKey: makeKey(join(newFolder(), 'other')) };
    const list = [wrong];
    const { relay } = await newHub(newFolder(), list);
    await (
      await relay.announce(head(1))
    ).tried;
    assert.deepEqual(a.got, []);
    list.splice(0, 1, a.downstream);
    await relay.refresh();
    await until('a is told', () => a.got.length === 1);
  });

  test('a refusal is final, and has its reason', async () => {
    const a = await newDownstream('a', () => ({ result: 'refused', reason: 'not here' }));
    await a.up();
    const { relay, fanOut } = await newHub(newFolder(), [a.downstream]);
    await relay.announce(head(1));
    await fanOut.idle();
    assert.deepEqual(relay.status()?.states, { refused: 1 });
    assert.deepEqual(a.got, [1]);
  });

  test('a head that has expired is not sent', async () => {
    const a = await newDownstream('a');
    await a.up();
    const { relay } = await newHub(newFolder(), [a.downstream]);
    const expired = head(1, { issued: new Date(0), expires: new Date(1_000) });
    assert.equal((await relay.announce(expired)).downstreams, 0);
    assert.deepEqual(a.got, []);
  });
});
