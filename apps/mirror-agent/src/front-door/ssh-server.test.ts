import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { parsePublicKey } from '@pushmirror/acl';
import type { Peer } from '@pushmirror/trigger';
import ssh2 from 'ssh2';
import type { Client, ClientChannel, ConnectConfig } from 'ssh2';
import { makeKey, tempFolder, until } from '../fixtures.test.ts';
import { startSshServer, type SshServer, type SshServerOptions } from './ssh-server.ts';

const folder = tempFolder();
const hostKey = makeKey(join(folder, 'host'));
const hubKey = makeKey(join(folder, 'hub'));
makeKey(join(folder, 'stranger'));
makeKey(join(folder, 'rsa'), '-t', 'rsa', '-b', '3072');
const keys = [
  { name: 'hub', key: parsePublicKey(hubKey) },
  { name: 'rsa', key: parsePublicKey(readFileSync(join(folder, 'rsa.pub'), 'utf8')) },
];

let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

describe('the embedded SSH server', () => {
  test('answers a trigger with one line and an exit code, and knows who sent it', async () => {
    const asked: [string, Peer][] = [];
    const server = await start({
      async receive(command, peer) {
        asked.push([command, peer]);
        return { result: 'refused', archive: 'debian', reason: 'no' };
      },
    });
    const client = await login(server);
    const answer = await exec(client, 'sync:archive:debian sync:all');
    assert.equal(answer.stdout, '{"result":"refused","archive":"debian","reason":"no"}\n');
    assert.equal(answer.code, 77);
    const [[command, peer] = []] = asked;
    assert.equal(command, 'sync:archive:debian sync:all');
    assert.equal(peer?.mirror, 'hub');
    assert.equal(peer?.from, '127.0.0.1');
    assert.match(peer?.key ?? '', /^SHA256:/);
  });

  test('a key that is not known yet is asked about once, and let in if it is known by then', async () => {
    const known = keys.slice(1);
    let asked = 0;
    const server = await start({
      peers: () => known,
      async onStranger() {
        asked += 1;
        known.push(...keys.slice(0, 1));
      },
    });
    const stranger = () => login(server, { privateKey: readFileSync(join(folder, 'stranger')) });
    await assert.rejects(stranger(), /authentication/);
    assert.equal(asked, 1);
    await Promise.all([assert.rejects(stranger()), assert.rejects(stranger())]);
    assert.equal(asked, 1, 'strangers make us ask now and then, not each time');
    assert.match((await exec(await login(server), 'sync:all')).stdout, /accepted/);

    const another = keys.slice(1);
    const learning = await start({
      peers: () => another,
      onStranger: async () => void another.push(...keys.slice(0, 1)),
    });
    assert.match((await exec(await login(learning), 'sync:all')).stdout, /accepted/);
  });

  test('takes many triggers over one connection, at most eight at once', async (t) => {
    const warnings: Error[] = []; // Node warns of listeners that pile up.
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    let running = 0;
    let most = 0;
    const server = await start({
      async receive() {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        return { result: 'accepted' };
      },
    });
    const client = await login(server);
    for (let i = 0; i < 20; i += 1) assert.equal((await exec(client, 'sync:all')).code, 0);
    assert.deepEqual(warnings, []);
    const crowd = Array.from({ length: 12 }, () => exec(client, 'sync:all').catch(() => undefined));
    const answers = await Promise.all(crowd);
    assert.ok(most <= 8);
    assert.ok(answers.filter((answer) => answer?.code === 0).length >= 8);
    assert.ok(answers.includes(undefined), 'the ninth is turned away');
    assert.equal((await exec(client, 'sync:all')).code, 0);
  });

  test('refuses shell, pty, subsystem, environment, agent, X11 and every forwarding', async () => {
    const client = await login(await start());
    const refused = (
      name: string,
      ask: (done: (error?: Error | boolean | null) => void) => unknown,
    ) =>
      assert.rejects(
        new Promise<void>((resolve, reject) => {
          ask((error) => (error instanceof Error ? reject(error) : resolve()));
        }),
        Error,
        name,
      );
    await refused('shell', (done) => client.shell(false, done));
    await refused('pty', (done) => client.exec('sync:all', { pty: true }, done));
    await refused('subsystem', (done) => client.subsys('sftp', done));
    await refused('sftp', (done) => client.sftp(done));
    await refused('x11', (done) => client.exec('sync:all', { x11: true }, done));
    await refused('direct-tcpip', (done) =>
      client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, done),
    );
    await refused('tcpip-forward', (done) => client.forwardIn('127.0.0.1', 0, done));
    await refused('streamlocal', (done) => client.openssh_forwardInStreamLocal('/tmp/x', done));
    await refused('direct-streamlocal', (done) =>
      client.openssh_forwardOutStreamLocal('/tmp/x', done),
    );
    assert.equal((await exec(client, 'sync:all')).code, 0, 'and the connection is still good');
  });

  test('a command of more than 4 KiB is malformed and is not handed on', async () => {
    let asked = 0;
    const server = await start({
      async receive() {
        asked += 1;
        return { result: 'accepted' };
      },
    });
    const answer = await exec(await login(server), `sync:all ${'x'.repeat(4096)}`);
    assert.equal(answer.code, 65);
    assert.equal(asked, 0);
  });

  test('an answer that takes too long, or fails, is busy', async () => {
    const server = await start({
      receive: (command) =>
        command === 'fail' ? Promise.reject(new Error('disk')) : new Promise(() => {}),
      deadlines: { answerMs: 30 },
    });
    const client = await login(server);
    assert.equal((await exec(client, 'hang')).code, 75);
    assert.equal((await exec(client, 'fail')).code, 75);
  });

  test('lets in known keys only, never passwords, never SHA-1', async () => {
    const refusals: string[] = [];
    const server = await start({ onRefused: (_from, reason) => refusals.push(reason) });
    await assert.rejects(login(server, { privateKey: readFileSync(join(folder, 'stranger')) }));
    const withPassword: ConnectConfig = { authHandler: ['password'], password: 'x' };
    await assert.rejects(login(server, withPassword));
    assert.ok(refusals.some((reason) => reason.startsWith('unknown key SHA256:')));
    const rsa = readFileSync(join(folder, 'rsa'));
    assert.equal((await exec(await login(server, { privateKey: rsa }), 'sync:all')).code, 0);
    for (const algorithms of [
      { kex: ['diffie-hellman-group14-sha1'] },
      { kex: ['ecdh-sha2-nistp256'] },
      { hmac: ['hmac-sha1'], cipher: ['aes128-ctr'] },
      { serverHostKey: ['ssh-rsa'] },
    ] as ConnectConfig['algorithms'][]) {
      await assert.rejects(login(server, { algorithms: algorithms ?? {} }));
    }
  });

  test('six attempts to authenticate are enough', async () => {
    const server = await start();
    let tried = 0;
    const client = new ssh2.Client();
    await new Promise<void>((resolve) => {
      client.on('error', () => {});
      client.on('close', () => resolve());
      client.connect({
        host: '127.0.0.1',
        port: server.port,
        username: 'mirror',
        authHandler: (_left, _partial, next) => {
          tried += 1;
          if (tried > 50) client.end();
          else next({ type: 'password', username: 'mirror', password: `${tried}` });
        },
      });
    });
    assert.ok(tried <= 8, `${tried} attempts`);
  });

  test('a client that never authenticates is cut off', async () => {
    const server = await start({ deadlines: { beforeAuthMs: 500 } });
    const client = await login(server);
    for (const greeting of ['', 'SSH-2.0-slow\r\n']) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      if (greeting !== '') socket.write(greeting);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await until('only one is left', () => server.connections() === 1);
    assert.equal((await exec(client, 'sync:all')).code, 0, 'the authenticated one stays');
  });

  test('an idle connection, and a session that asks for nothing, are closed', async () => {
    const idle = await login(await start({ deadlines: { idleMs: 50 } }));
    await new Promise<void>((resolve) => idle.once('close', resolve));
    const silent = await login(await start({ deadlines: { silenceMs: 50 } }));
    silent.shell(false, () => {});
    await new Promise<void>((resolve) => silent.once('close', resolve));
  });

  test('malformed packets do not kill the process', async () => {
    const server = await start();
    const attacks = [
      Buffer.from('SSH-2.0-x\r\n\xff\xff\xff\xff\x00', 'latin1'),
      Buffer.from('SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14AAAAAAAAAAAAAAAAAAAAAAA', 'latin1'),
      Buffer.from('SSH-1.0-x\r\n'),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(300_000, 'A'),
      Buffer.from(`SSH-2.0-${'x'.repeat(5000)}\r\n`),
    ];
    for (const attack of attacks) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.end(attack);
      await closed;
    }
    assert.equal((await exec(await login(server), 'sync:all')).code, 0);
  });

  test('limits connections in all and by source', async () => {
    const reasons: string[] = [];
    const server = await start({
      maxConnections: 3,
      maxPerSource: 2,
      onRefused: (_from, reason) => reasons.push(reason),
    });
    const first = await login(server);
    await login(server);
    await assert.rejects(login(server));
    assert.deepEqual(reasons, ['too many connections']);
    await login(server, { localAddress: '127.0.0.2' });
    await assert.rejects(login(server, { localAddress: '127.0.0.3' }));
    first.end();
    await until('one is gone', () => server.connections() === 2);
    await login(server);
  });

  test('a port in use and an unusable host key are one sentence each', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    open.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(
      start({ port }),
      /^AgentError: ssh_server: 127\.0\.0\.1 port \d+ is in use/,
    );
    await assert.rejects(start({ hostKey: join(folder, 'rsa') }), /is not an ed25519 host key/);
    await assert.rejects(start({ hostKey: join(folder, 'none') }), /does not exist/);
  });
});

async function start(change: Partial<SshServerOptions> = {}): Promise<SshServer> {
  const server = await startSshServer({
    address: '127.0.0.1',
    port: 0,
    hostKey: join(folder, 'host'),
    peers: () => keys,
    receive: async () => ({ result: 'accepted' }),
    maxConnections: 20,
    maxPerSource: 20,
    onRefused: () => {},
    ...change,
  });
  open.push(() => server.close());
  return server;
}

function login(server: SshServer, change: ConnectConfig = {}): Promise<Client> {
  const client = new ssh2.Client();
  open.push(() => client.destroy());
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('close', () => reject(new Error('closed')));
    client.on('ready', () => {
      client.setNoDelay(true);
      resolve(client);
    });
    client.connect({
      host: '127.0.0.1',
      port: server.port,
      username: 'mirror',
      privateKey: readFileSync(join(folder, 'hub')),
      hostVerifier: (key: Buffer) => hostKey.includes(key.toString('base64')),
      ...change,
    });
  });
}

function exec(
  client: Client,
  command: string,
): Promise<{ stdout: string; code: number | undefined }> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error: Error | undefined, channel: ClientChannel) => {
      if (error) return reject(error);
      let stdout = '';
      let code: number | undefined;
      channel.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
      channel.on('exit', (exit: number) => (code = exit));
      channel.on('close', () => resolve({ stdout, code }));
    });
  });
}
