import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { parsePublicKey } from '@pushmirror/acl';
import {
  createFanOut,
  createSsh2Sender,
  parseHead,
  parseHold,
  parseTrigger,
  type Downstream,
  type PushState,
  type Reply,
} from '@pushmirror/trigger';
import { freePort, makeKey, makeNetwork, tempFolder, until } from '../fixtures.test.ts';
import { startSshServer } from '../front-door/ssh-server.ts';
import { openHoldRelay } from './hold-relay.ts';
import { readPushKey } from './push-key.ts';
import { openRelay, type Relay, type RelayOptions } from './relay.ts';

const root = tempFolder();
const { head, hold } = makeNetwork(root);
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
  const words: string[] = [];
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
      peers: () => [{ name: 'hub', key: pushKey }],
      async receive(command) {
        const { token, hold, words: said } = parseTrigger(command);
        if (token !== undefined) got.push(parseHead(token).head.serial);
        words.push(hold === undefined ? [...said].join() : parseHold(hold).hold.state);
        return reply();
      },
      maxConnections: 9,
      maxPerSource: 9,
      onRefused: () => {},
    });
    open.push(() => server.close());
  };
  return { downstream, got, words, up };
}

/** A hub's relay with the real fan-out; `stop` ends it as a crash would, without a word. */
async function newHub(
  folder: string,
  downstreams: Downstream[],
  change: Partial<RelayOptions> = {},
) {
  const reports: [number, string, PushState][] = [];
  const sender = createSsh2Sender({ privateKeyPath: join(root, 'push') });
  const fanOut = createFanOut({
    sender,
    backoff: { minMs: 20, maxMs: 20, factor: 1 },
    onState: ({ key }, change) => relay.onState(readPushKey(key), change),
  });
  const relay: Relay = await openRelay({
    archive: 'debian',
    mirror: 'hub',
    folder,
    onCorrupt: () => assert.fail(),
    downstreams: () => downstreams,
    slots: () => undefined,
    slotTimeoutMs: () => undefined,
    isHeld: () => false,
    onFault: (error) => assert.fail(String(error)),
    fanOut,
    report: async ({ head: { serial } }, { mirror, state }) => {
      reports.push([serial, mirror, state]);
    },
    now: () => new Date(),
    ...change,
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
    const { downstreams, tried } = await relay.announce(head(1), 'committed');
    assert.equal(downstreams, 2);
    await tried;
    assert.deepEqual(relay.status(), {
      serial: 1,
      phase: 'committed',
      states: { accepted: 2 },
    });
    assert.deepEqual(
      reports.filter(([, mirror]) => mirror === 'a'),
      [
        [1, 'a', 'sending'],
        [1, 'a', 'accepted'],
      ],
    );
    await relay.announce(head(1), 'committed');
    const later = new Date(Math.ceil(Date.now() / 1000) * 1000 + 5_000);
    await relay.announce(
      head(1, { issued: later, expires: new Date(later.getTime() + 60_000) }),
      'committed',
    );
    assert.deepEqual([a.got, b.got], [[1], [1]], 'nobody is told twice');
  });

  test('after a crash it goes on with those that were not reached, and only those', async () => {
    const [a, b] = [await newDownstream('a'), await newDownstream('b')];
    await a.up();
    const folder = newFolder();
    const first = await newHub(folder, [a.downstream, b.downstream]);
    await (
      await first.relay.announce(head(1), 'committed')
    ).tried;
    assert.equal(first.relay.status()?.states.accepted, 1);
    await first.stop();

    await b.up();
    const second = await newHub(folder, [a.downstream, b.downstream]);
    await second.relay.announce(head(1), 'committed');
    await until('b is told', () => second.relay.status()?.states.accepted === 2);
    assert.deepEqual([a.got, b.got], [[1], [1]]);
  });

  test('a newer head takes over from pushes that are not done', async () => {
    const a = await newDownstream('a');
    const { relay, reports, fanOut } = await newHub(newFolder(), [a.downstream]);
    await (
      await relay.announce(head(1), 'committed')
    ).tried;
    await relay.announce(head(2), 'committed');
    assert.deepEqual(
      reports.filter(([serial, , state]) => serial === 1 && state === 'superseded'),
      [[1, 'a', 'superseded']],
    );
    await a.up();
    await until('a is told', () => relay.status()?.states.accepted === 1);
    await fanOut.idle();
    assert.deepEqual(a.got, [2], 'of the newer one only');
    assert.equal(
      (await relay.announce(head(1), 'committed')).downstreams,
      0,
      'and never of the older again',
    );
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
      await relay.announce(head(1), 'committed')
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
      await relay.announce(head(1), 'committed')
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
    await relay.announce(head(1), 'committed');
    await fanOut.idle();
    assert.deepEqual(relay.status()?.states, { refused: 1 });
    assert.deepEqual(a.got, [1]);
  });

  test('a head that has expired is not sent', async () => {
    const a = await newDownstream('a');
    await a.up();
    const { relay } = await newHub(newFolder(), [a.downstream]);
    const expired = head(1, { issued: new Date(0), expires: new Date(1_000) });
    assert.equal((await relay.announce(expired, 'committed')).downstreams, 0);
    assert.deepEqual(a.got, []);
  });

  test('tells downstreams to stage, then to commit; those that had not heard, to do both', async () => {
    const [a, b] = [await newDownstream('a'), await newDownstream('b')];
    const c = await newDownstream('c');
    c.downstream.kind = 'ftpsync';
    await Promise.all([a.up(), c.up()]);
    const folder = newFolder();
    const list = [a.downstream, b.downstream, c.downstream];
    const first = await newHub(folder, list);
    await (
      await first.relay.announce(head(1), 'staged')
    ).tried;
    assert.deepEqual(a.words, ['stage1']);
    await first.stop();

    const second = await newHub(folder, list);
    await second.relay.announce(head(1), 'staged');
    await second.relay.announce(head(1), 'committing');
    await until('a is told to commit', () => a.words.length === 2);
    assert.deepEqual(c.words, [], 'a stock mirror is told when there is something to pull by path');
    await b.up();
    await second.relay.announce(head(1), 'committed');
    await until('all are told', () => second.relay.status()?.states.accepted === 3);
    await second.fanOut.idle();
    assert.deepEqual([a.words, b.words, c.words], [['stage1', 'stage2'], ['all'], ['all']]);
  });

  test('one that has not staged is told to commit again and again, until it has', async () => {
    let staged = false;
    const a = await newDownstream('a', () =>
      a.words.at(-1) === 'stage2' && !staged
        ? { result: 'busy', reason: 'not staged here yet' }
        : { result: 'accepted' },
    );
    await a.up();
    const { relay } = await newHub(newFolder(), [a.downstream]);
    await (
      await relay.announce(head(1), 'staged')
    ).tried;
    await relay.announce(head(1), 'committing');
    await until('it is told several times', () => a.words.length >= 3);
    staged = true;
    await until('it takes it', () => relay.status()?.states.accepted === 1);
    assert.ok(a.words.slice(1).every((word) => word === 'stage2'));
  });

  test('nothing of a release that is held goes out, and all of it when it is released', async () => {
    const [a, b] = [await newDownstream('a'), await newDownstream('b')];
    await a.up();
    let held = false;
    const list = [a.downstream, b.downstream];
    const { relay } = await newHub(newFolder(), list, { isHeld: () => held });
    await (
      await relay.announce(head(1), 'staged')
    ).tried;
    held = true;
    await relay.refresh();
    await b.up();
    await relay.announce(head(1), 'committing');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([a.words, b.words], [['stage1'], []]);
    held = false;
    await relay.refresh();
    await until('both are told', () => relay.status()?.states.accepted === 2);
    assert.deepEqual([a.words, b.words], [['stage1', 'stage2'], ['all']]);
  });

  test('so many pull at once as there are slots; the others wait, and hubs do not', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const all = await Promise.all(names.map((name) => newDownstream(name)));
    await Promise.all(all.map((one) => one.up()));
    const list = all.map((one) => one.downstream);
    Object.assign(list[3] ?? {}, { hub: true });
    const folder = newFolder();
    const first = await newHub(folder, list, { slots: () => 2 });
    await (
      await first.relay.announce(head(1), 'staged')
    ).tried;
    const told = () => all.map((one) => one.words.join());
    assert.deepEqual(told(), ['stage1', '', '', 'stage1']);
    assert.deepEqual(first.relay.status()?.waiting, 2);
    assert.deepEqual(
      first.reports.filter(([, , state]) => state === 'waiting').map(([, mirror]) => mirror),
      ['b', 'c'],
    );
    await first.stop();

    const { relay } = await newHub(folder, list, { slots: () => 2 });
    await relay.announce(head(1), 'staged');
    assert.equal(relay.waitingFor()?.head.serial, 1);
    assert.deepEqual(told(), ['stage1', '', '', 'stage1'], 'slots are taken over a restart');
    await relay.freed(['a']);
    await until('b has the slot', () => relay.status()?.states.accepted === 3);
    await relay.announce(head(1), 'committing');
    await until('all but c are told', () => relay.status()?.states.accepted === 3);
    assert.deepEqual(told(), ['stage1,stage2', 'stage1,stage2', '', 'stage1,stage2']);
    await relay.freed(['b', 'd']);
    await until('c has one too', () => all[2]?.words.length === 1);
    assert.deepEqual(told(), ['stage1,stage2', 'stage1,stage2', 'all', 'stage1,stage2']);
    assert.equal(relay.waitingFor(), undefined);
  });

  test("a slot whose mirror is never heard of again is free after the master's time-out", async () => {
    const all = [await newDownstream('a'), await newDownstream('b')];
    await Promise.all(all.map((one) => one.up()));
    let at = Date.now();
    const { relay } = await newHub(
      newFolder(),
      all.map((one) => one.downstream),
      { slots: () => 1, slotTimeoutMs: () => 60_000, now: () => new Date(at) },
    );
    await (
      await relay.announce(head(1), 'committed')
    ).tried;
    await until('one has the slot', () => relay.status()?.states.accepted === 1);
    at += 59_000;
    await relay.refresh();
    assert.equal(relay.status()?.waiting, 1);
    at += 2_000;
    await relay.refresh();
    await until('the other one has it', () => relay.status()?.states.accepted === 2);
  });

  test('one in quarantine is tried once, not with each release, and at once when it is heard of', async () => {
    const [dead, well] = [await newDownstream('dead'), await newDownstream('well')];
    await well.up();
    const list: Downstream[] = [{ ...dead.downstream, quarantined: true }, well.downstream];
    const { relay, reports } = await newHub(newFolder(), list, { slots: () => 1 });
    const toDead = () =>
      reports.filter(([, mirror]) => mirror === 'dead').map(([serial, , state]) => [serial, state]);
    await (
      await relay.announce(head(1), 'committed')
    ).tried;
    assert.deepEqual(well.got, [1], 'it holds no slot');
    await until('it was tried', () => toDead().length === 2);
    await relay.announce(head(2), 'committed');
    await relay.freed(['well']);
    await until('the other one has both', () => well.got.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100)); // Else it would be tried five times.
    const once = [
      [1, 'sending'],
      [1, 'unreachable'],
    ];
    assert.deepEqual(toDead().slice(0, 2), once);
    assert.deepEqual(
      toDead().filter(([, state]) => state === 'sending'),
      [[1, 'sending']],
    );
    await dead.up();
    list[0] = dead.downstream;
    await relay.freed(['well']);
    await until('it is told', () => dead.got.length === 1);
    assert.deepEqual(dead.got, [2]);
  });

  test('a hold goes to all agents, over a restart, and the newest only', async () => {
    const [a, b, c] = [
      await newDownstream('a'),
      await newDownstream('b'),
      await newDownstream('c'),
    ];
    c.downstream.kind = 'ftpsync';
    await Promise.all([a.up(), c.up()]);
    const list = [a.downstream, b.downstream, c.downstream];
    const folder = newFolder();
    const newHolds = async () => {
      const sender = createSsh2Sender({ privateKeyPath: join(root, 'push') });
      const fanOut = createFanOut({
        sender,
        backoff: { minMs: 20, maxMs: 20, factor: 1 },
        onState: ({ key }, change) => holds.onState(readPushKey(key), change),
      });
      const shared = { archive: 'debian', folder, onCorrupt: () => assert.fail(), fanOut };
      const holds = await openHoldRelay({ ...shared, downstreams: () => list });
      const stop = async () => {
        await fanOut.close();
        await sender.close();
      };
      open.push(stop);
      return { holds, stop, fanOut };
    };
    const first = await newHolds();
    await first.holds.announce(hold(1, 1, 'held'));
    const onDisk = () => readFileSync(join(folder, 'debian.hold.json'), 'utf8');
    await until('a is told, and that is on disk', () => onDisk().includes('"accepted"'));
    await first.stop();
    await b.up();
    const second = await newHolds();
    await second.holds.refresh();
    await second.fanOut.idle();
    assert.deepEqual([a.words, b.words, c.words], [['held'], ['held'], []]);
    await second.holds.announce(hold(1, 2, 'released'));
    await second.fanOut.idle();
    assert.deepEqual([a.words, b.words, c.words], [['held', 'released'], ['held', 'released'], []]);
  });
});
