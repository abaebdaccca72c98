import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, test } from 'node:test';
import { formatTrigger, HEAD_PATH, parseHead, type SignedHead } from '@pushmirror/trigger';
import { pino } from 'pino';
import { startAgent, type Agent } from './agent.ts';
import type { SyncLine } from './control-protocol.ts';
import {
  freePort,
  makeKey,
  makeNetwork,
  tempFolder,
  until,
  writeConfig,
  writeSecret,
} from './fixtures.test.ts';
import { receiveForced } from './front-door/forced-command.ts';
import { letIn } from './access/let-in.ts';
import { startRsyncDaemon } from './rsync-daemon.ts';
import { loadSettings } from './settings.ts';
import { prepareState, statePaths } from './state/paths.ts';

const root = tempFolder();
const { head, hold, allowedSigners } = makeNetwork(root);
const hubKey = makeKey(join(root, 'hub'));
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

/** A master's tree behind a real rsync daemon. */
async function newUpstream() {
  const folder = mkdtempSync(join(root, 'upstream-'));
  const port = await freePort();
  const rsyncd = { address: '127.0.0.1', port };
  const { config } = loadSettings(writeConfig(folder, allowedSigners, { rsyncd }));
  const paths = statePaths(config.state);
  await prepareState(paths);
  const tree = join(folder, 'srv');
  mkdirSync(join(tree, 'project/pushmirror'), { recursive: true });
  assert.ok(config.rsyncd);
  const daemon = await startRsyncDaemon({
    rsyncd: config.rsyncd,
    archives: config.archive,
    paths,
    letIn: letIn(config.archive, [], 'none'),
    onExit: () => {},
  });
  open.push(() => daemon.stop());
  return {
    url: `rsync://127.0.0.1:${port}/debian`,
    show: (signed: SignedHead) => writeFileSync(join(tree, HEAD_PATH), signed.bytes),
    publish(signed: SignedHead) {
      const { serial } = signed.head;
      writeFileSync(join(tree, 'content'), `serial ${serial}\n`);
      // In one second, rsync takes two files of one size for the same.
      utimesSync(join(tree, 'content'), serial, serial);
      writeFileSync(join(tree, HEAD_PATH), signed.bytes);
    },
  };
}

function newMirror(upstream: string, settings: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(root, 'mirror-'));
  const tree = join(folder, 'srv');
  const config = writeConfig(folder, allowedSigners, {
    peer: [{ name: 'hub', key: hubKey }],
    archive: [{ name: 'debian', to: tree, upstream, min_free: '1M' }],
    ...settings,
  });
  const start = async (mode: 'serve' | 'once' = 'serve'): Promise<Agent> => {
    const agent = await startAgent({
      settings: loadSettings(config),
      log: pino({ level: 'silent' }),
      now: () => new Date(),
      random: () => 0,
      mode,
    });
    open.push(() => agent.destroy());
    return agent;
  };
  return {
    config,
    state: join(folder, 'state'),
    start,
    content: () => readFileSync(join(tree, 'content'), 'utf8'),
    shownHead: () => parseHead(readFileSync(join(tree, HEAD_PATH))).head,
  };
}

const serialOf = (agent: Agent) => agent.status().archives[0]?.serial;
const triggerOf = (signed: SignedHead) => formatTrigger({ archive: 'debian', head: signed });

describe('the agent', () => {
  test('converges when it starts, and then on each trigger', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const mirror = newMirror(upstream.url);
    const agent = await mirror.start();
    await until('serial 1', () => serialOf(agent) === 1, 30_000);
    assert.equal(mirror.content(), 'serial 1\n');
    upstream.publish(head(2));
    const peer = { mirror: 'hub', from: '192.0.2.1' };
    const reply = await agent.receive(triggerOf(head(2)), peer);
    assert.equal(reply.result, 'accepted');
    await until('serial 2', () => serialOf(agent) === 2, 30_000);
    assert.equal(mirror.content(), 'serial 2\n');
    assert.equal((await agent.receive(triggerOf(head(2)), peer)).result, 'duplicate');
    assert.equal((await agent.receive(triggerOf(head(1)), peer)).result, 'refused');
    await agent.destroy();
    assert.equal(existsSync(join(mirror.state, 'agent.sock')), false);
  });

  test('a stock trigger without a token makes it ask its upstream', async () => {
    const upstream = await newUpstream();
    const mirror = newMirror(upstream.url, {
      archive: [
        {
          name: 'debian',
          to: join(mkdtempSync(join(root, 'tree-')), 'srv'),
          upstream: upstream.url,
          min_free: '1M',
          poll: { every: '1h', jitter: '1s' },
        },
      ],
    });
    upstream.publish(head(1));
    const agent = await mirror.start();
    await until('serial 1', () => serialOf(agent) === 1, 30_000);
    upstream.publish(head(2));
    const reply = await agent.receive(' sync:all', { mirror: 'hub', from: '192.0.2.1' });
    assert.equal(reply.result, 'accepted');
    await until('serial 2', () => serialOf(agent) === 2, 40_000);
  });

  test('what a forced command kept while it was down is what it starts with', async () => {
    const upstream = await newUpstream();
    const mirror = newMirror(upstream.url);
    const asked = { config: mirror.config, peer: 'hub', from: '192.0.2.1' };
    const forced = await receiveForced({ ...asked, command: triggerOf(head(7)) });
    assert.equal(forced.exitCode, 0, forced.line);
    upstream.publish(head(7));
    const agent = await mirror.start();
    assert.equal(agent.status().archives[0]?.goal, 7);
    await until('serial 7', () => serialOf(agent) === 7, 30_000);
    const live = await receiveForced({ ...asked, command: triggerOf(head(7)) });
    assert.match(live.line, /^\{"result":"duplicate"/);
  });

  test('a newer issue of the same head is shown in the tree without a sync', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const mirror = newMirror(upstream.url);
    const agent = await mirror.start();
    await until('serial 1', () => serialOf(agent) === 1, 30_000);
    const { lastSync } = agent.status().archives[0] ?? {};
    const issued = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);
    const again = head(1, { issued, expires: new Date(issued.getTime() + 60_000) });
    await agent.receive(triggerOf(again), { mirror: 'hub', from: '192.0.2.1' });
    await until('it is shown', () => mirror.shownHead().issued.getTime() === issued.getTime());
    assert.deepEqual(agent.status().archives[0]?.lastSync, lastSync);
  });

  test('one at a time on a state folder; a sync without the daemon leaves the rest to it', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const mirror = newMirror(upstream.url);
    const once = await mirror.start('once');
    await assert.rejects(mirror.start(), /^AgentError: Another mirror-agent is at work on/);
    const lines: SyncLine[] = [];
    const never = new AbortController().signal;
    await once.sync({ force: false }, (line) => lines.push(line), never);
    assert.deepEqual(
      lines.map(({ type }) => type).filter((type) => type !== 'progress'),
      ['syncing', 'staged', 'result', 'done'],
    );
    assert.deepEqual(lines.at(-1), { type: 'done', ok: true });
    lines.length = 0;
    await once.sync({ force: false }, (line) => lines.push(line), never);
    assert.deepEqual(lines, [
      { type: 'result', archive: 'debian', result: 'nothing-new', serial: 1 },
      { type: 'done', ok: true },
    ]);
    await assert.rejects(
      once.sync({ archive: 'other', force: false }, () => {}, never),
      /does not carry other\. It carries: debian/,
    );
    await once.destroy();
    const agent = await mirror.start();
    assert.equal(serialOf(agent), 1);
  });

  test('an upstream that cannot be reached is a state that is told, not a crash', async () => {
    const mirror = newMirror(`rsync://127.0.0.1:${await freePort()}/debian`);
    const agent = await mirror.start();
    await until('polled', () => agent.status().archives[0]?.lastPoll !== undefined, 30_000);
    const [archive] = agent.status().archives;
    assert.equal(archive?.lastPoll?.result, 'failed');
    assert.match(archive?.lastPoll?.reason ?? '', /Connection refused/);
    assert.equal(archive?.state, 'idle');
  });

  test('an upstream that withholds what the master has published is noticed', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const master = createServer((request, response) => {
      if (request.url === '/v1/archives/debian/head') return void response.end(head(2).bytes);
      response.setHeader('content-type', 'application/json');
      response.end('{"acknowledged":null,"downstreams":"","digest":""}');
    });
    await new Promise<void>((resolve) => master.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      master.closeAllConnections();
      master.close();
    });
    const mirror = newMirror(upstream.url, {
      master: {
        url: `http://127.0.0.1:${(master.address() as AddressInfo).port}`,
        token_file: writeSecret(join(root, 'token'), 'sesame'),
      },
    });
    const agent = await mirror.start();
    await until('noticed', () => agent.status().archives[0]?.withheld?.serial === 2, 30_000);
    await until('serial 1', () => serialOf(agent) === 1, 30_000);
    assert.equal(agent.status().archives[0]?.goal, 1, 'it pulls only what the upstream has');
  });

  test('a poll that finds news asks the master for a slot, and comes back when it is told to', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const asked: string[] = [];
    const master = createServer((request, response) => {
      if (request.url === '/v1/archives/debian/pulls') {
        void text(request).then((body) => {
          asked.push(body);
          const full = { go: false, retryAfter: 0.2, reason: '2 of 2 slots are taken.' };
          response.end(JSON.stringify(asked.length < 3 ? full : { go: true }));
        });
        return;
      }
      response.statusCode = 404;
      response.end();
    });
    await new Promise<void>((resolve) => master.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      master.closeAllConnections();
      master.close();
    });
    const mirror = newMirror(upstream.url, {
      master: {
        url: `http://127.0.0.1:${(master.address() as AddressInfo).port}`,
        token_file: writeSecret(join(root, 'token'), 'sesame'),
      },
    });
    const agent = await mirror.start();
    await until('it is told to wait', () => asked.length === 1);
    assert.equal(agent.status().archives[0]?.goal, undefined);
    await until('serial 1', () => serialOf(agent) === 1, 30_000);
    assert.deepEqual(
      asked,
      Array.from({ length: 3 }, () => '{"serial":1}'),
    );
    upstream.publish(head(2));
    await agent.receive(triggerOf(head(2)), { mirror: 'hub', from: '192.0.2.1' });
    await until('serial 2', () => serialOf(agent) === 2, 30_000);
    assert.equal(asked.length, 3, 'what is pushed has its slot');
  });

  test('a word to commit that a forced command kept while the daemon was down counts', async () => {
    const upstream = await newUpstream();
    const mirror = newMirror(upstream.url);
    const asked = { config: mirror.config, peer: 'hub', from: '192.0.2.1' };
    const told = (stage: 'all' | 'stage1' | 'stage2') =>
      receiveForced({
        ...asked,
        command: formatTrigger({ archive: 'debian', head: head(3), words: [stage] }),
      });
    assert.equal((await told('stage1')).exitCode, 0);
    const early = await told('stage2');
    assert.equal(early.exitCode, 75, early.line);
    const held = hold(3, 1, 'held', 'wait');
    const command = formatTrigger({ archive: 'debian', hold: held });
    assert.equal((await receiveForced({ ...asked, command })).exitCode, 0);
    upstream.show(head(2));
    const agent = await mirror.start();
    await until('it waits', () => agent.status().archives[0]?.state === 'held');
    assert.equal(agent.status().archives[0]?.held?.reason, 'wait');
    const release = formatTrigger({ archive: 'debian', hold: hold(3, 2, 'released') });
    assert.equal((await receiveForced({ ...asked, command: release })).exitCode, 0);
    await until('it waits for the word', () => agent.status().archives[0]?.state === 'waiting');
    upstream.publish(head(3));
    assert.match((await told('all')).line, /duplicate/);
    await until('serial 3', () => serialOf(agent) === 3, 30_000);
  });

  test('a hub serves its tree, passes heads on, runs hook5, and stops all it has started', async () => {
    const upstream = await newUpstream();
    upstream.publish(head(1));
    const port = await freePort();
    const sshPort = await freePort();
    makeKey(join(root, 'push'));
    const hook5 = ['/bin/sh', '-c', 'echo "$PUSHMIRROR_SERIAL" >>hook5'];
    const tree = join(mkdtempSync(join(root, 'tree-')), 'srv');
    const archive = { name: 'debian', to: tree, upstream: upstream.url, min_free: '1M' };
    const hub = newMirror(upstream.url, {
      rsyncd: { address: '127.0.0.1', port },
      push_key: join(root, 'push'),
      archive: [{ ...archive, hooks: { hook5 } }],
    });
    const leaf = newMirror(`rsync://127.0.0.1:${port}/debian`, {
      peer: [{ name: 'hub', key: readFileSync(join(root, 'push.pub'), 'utf8').trim() }],
      ssh_server: { address: '127.0.0.1', port: sshPort, host_key: join(root, 'push') },
    });
    const below = await leaf.start();
    await until(
      'the leaf has polled in vain',
      () => below.status().archives[0]?.lastPoll !== undefined,
    );
    const hostKey = readFileSync(join(root, 'push.pub'), 'utf8').trim();
    mkdirSync(hub.state);
    const downstream = { name: 'leaf', kind: 'agent', host: '127.0.0.1', port: sshPort };
    const downstreams = [{ ...downstream, user: 'mirror', hostKey, archives: ['debian'] }];
    writeFileSync(join(hub.state, 'downstreams.json'), JSON.stringify({ digest: '', downstreams }));

    const agent = await hub.start();
    await until('the leaf follows', () => serialOf(below) === 1, 30_000);
    assert.equal(leaf.content(), 'serial 1\n');
    assert.deepEqual(agent.status().archives[0]?.relay, {
      serial: 1,
      phase: 'committed',
      states: { accepted: 1 },
    });
    await until('hook5 has run', () => existsSync(join(tree, 'hook5')));
    assert.equal(readFileSync(join(tree, 'hook5'), 'utf8'), '1\n');
    await agent.destroy();
    const again = await hub.start();
    assert.equal(again.status().rsyncd?.port, port, 'the port is free again');
  });
});
