import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect, createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { parseCidr } from '@pushmirror/acl';
import { createGuard, createResolve, NetError } from '@pushmirror/net';
import { nameServer } from '../../net/src/fixtures.test.ts';
import type { Sample, Samples } from './look-at-content.ts';
import { lookOnce, type Look, type LookOptions } from './look.ts';
import type { Place } from './places.ts';
import type { LookMemory } from './requests.ts';

const HEAD = 'Push-Head: 1\nSerial: 7\n';
const allow = ['127.0.0.0/8', '::1/128'].map(parseCidr);
const now = () => new Date('2026-11-21T09:00:00Z');

async function listen(t: TestContext, server: Server, address: string, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  t.after(() => {
    server.close();
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
  });
  return (server.address() as AddressInfo).port;
}

/** A mirror's files; every request is noted. */
function mirror(files: Record<string, string>) {
  const asked: { url: string; headers: Record<string, unknown> }[] = [];
  const handler: RequestListener = (request, response) => {
    const { url = '', headers } = request;
    asked.push({ url, headers });
    const body = files[url.replace(/\?.*/, '').slice(1)];
    if (body === undefined) return response.writeHead(404).end('no');
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
    if (headers['if-none-match'] === etag) return response.writeHead(304, { etag }).end();
    return response.writeHead(200, { etag }).end(body);
  };
  return { handler, asked, files };
}

const place = (url: string, registered = true): Place => {
  const { protocol, hostname, port } = new URL(url);
  const name = protocol.slice(0, -1) as Place['protocol'];
  return {
    protocol: name,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || { http: 80, https: 443, rsync: 873 }[name]),
    url,
    registered,
  };
};

interface Asked extends Partial<LookOptions> {
  memory?: LookMemory;
  samples?: Samples;
  isDoubtful?: (look: Look) => boolean;
  nameServer?: string;
}

function look(places: Place[], o: Asked = {}): Promise<Look> {
  const servers = o.nameServer === undefined ? {} : { servers: [o.nameServer] };
  const { memory = new Map(), samples, isDoubtful = () => false, ...options } = o;
  return lookOnce(
    {
      target: { mirror: 'm.example', traceName: 'm.example', archive: 'debian', places },
      memory,
      samplesOf: () => Promise.resolve(samples),
      isDoubtful,
      signal: AbortSignal.timeout(20_000),
    },
    {
      guard: createGuard({ resolve: createResolve(servers), allow }),
      deadlineMs: 5_000,
      userAgent: 'pushmirror-probe/1 (+https://example.org)',
      now,
      readByRsync: () => Promise.reject(new NetError('unreachable', 'no rsync here')),
      ...options,
    },
  );
}

test('HTTP and HTTPS, IPv4 and IPv6 are each looked at for themselves; a certificate tells its end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pushmirror-look-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -addext subjectAltName=DNS:both.example -keyout ${key} -out ${cert}`;
  assert.equal(spawnSync('openssl', words.split(' ')).status, 0);
  const ca = readFileSync(cert, 'utf8');
  const four = mirror({ 'project/pushmirror/Release.head': HEAD });
  const six = mirror({ 'project/pushmirror/Release.head': HEAD.replace('7', '6') });
  const port = await listen(t, createPlain(four.handler), '127.0.0.1');
  await listen(t, createPlain(six.handler), '::1', port);
  const secure = await listen(
    t,
    createTls({ key: readFileSync(key), cert: ca }, four.handler),
    '127.0.0.1',
  );
  const dns = await nameServer(t, () => ['127.0.0.1', '::1']);
  const places = [
    place(`http://both.example:${port}/`),
    place(`https://both.example:${secure}/`),
    place('http://both.example:1/', false),
  ];
  const seen = await look(places, { ca, nameServer: dns });
  const found = seen.endpoints.map((one) => [one.protocol, one.family, one.state, one.serial]);
  assert.deepEqual(found, [
    ['http', 4, 'ok', 7],
    ['http', 6, 'ok', 6],
    ['https', 4, 'ok', 7],
    ['https', 6, 'unreachable', null],
    ['http', 4, 'not-offered', null],
    ['http', 6, 'not-offered', null],
  ]);
  assert.equal(seen.heads.length, 2, 'both heads that readers may get');
  const days = ((seen.certificateUntil?.getTime() ?? 0) - Date.now()) / 86_400_000;
  assert.equal(days > 1 && days <= 2, true, `${days} days`);
  assert.equal(four.asked[0]?.headers['user-agent'], 'pushmirror-probe/1 (+https://example.org)');

  const strange = await look(places.slice(1, 2), { nameServer: dns });
  assert.equal(strange.endpoints[0]?.state, 'certificate');
});

test('what is remembered is asked for with a condition, and a doubt passes all caches by', async (t) => {
  const sample = (path: string, body: string): Sample => ({
    path,
    sha256: createHash('sha256').update(body).digest('hex'),
    bytes: body.length,
  });
  const samples: Samples = {
    indexes: [sample('dists/InRelease', 'signed')],
    contents: [sample('pool/gone.deb', 'gone'), sample('pool/a%201.deb', 'a package')],
  };
  const m = mirror({
    'project/pushmirror/Release.head': HEAD,
    'project/trace/m.example': 'Sat Nov 21 09:00:05 UTC 2026\n',
    'dists/InRelease': 'signed',
    'pool/a%201.deb': 'a package',
  });
  const port = await listen(t, createPlain(m.handler), '127.0.0.1');
  const places = [place(`http://127.0.0.1:${port}/`)];
  const memory: LookMemory = new Map();
  const first = await look(places, { memory, samples });
  assert.deepEqual(
    [first.content?.index, first.content?.sample, first.trace?.length],
    ['right', 'right', 29],
  );
  assert.equal(
    m.asked.length,
    5,
    'head, trace, index, and a second sample as the first is not carried',
  );
  m.asked.length = 0;
  const again = await look(places, { memory });
  assert.equal(again.heads[0]?.toString(), HEAD);
  assert.deepEqual([again.evidence[0]?.status, again.evidence[0]?.bytes], [304, HEAD.length]);
  assert.equal(m.asked.length, 2);

  m.asked.length = 0;
  m.files['dists/InRelease'] = 'sIgned';
  m.files['project/pushmirror/changing'] = '';
  const doubtful = await look(places, {
    memory,
    samples,
    isDoubtful: (l) => l.content?.index === 'wrong',
  });
  assert.deepEqual([doubtful.content?.index, doubtful.again?.content?.index], ['wrong', 'wrong']);
  assert.equal(doubtful.updating, true);
  const past = m.asked.filter(({ url }) => url.includes('?probe='));
  assert.equal(past.length >= 3, true);
  assert.equal(
    past.every(({ headers }) => headers['cache-control'] === 'no-cache'),
    true,
  );
  assert.equal(
    past.some(({ headers }) => 'if-none-match' in headers),
    false,
  );
});

test('endless answers and silence end at the deadline, and are told', async (t) => {
  const endless = await listen(
    t,
    createPlain((_, response) => {
      response.writeHead(200);
      const more = () => response.write('x'.repeat(4096), () => void setImmediate(more));
      more();
    }),
    '127.0.0.1',
  );
  const large = await look([place(`http://127.0.0.1:${endless}/`)]);
  assert.equal(large.heads.length, 0);
  assert.match(large.evidence[0]?.error ?? '', /larger than 4096 bytes/);
  const silent = await listen(
    t,
    createTcp(() => {}),
    '127.0.0.1',
  );
  const begun = performance.now();
  const late = await look(
    [place(`http://127.0.0.1:${silent}/`), place(`rsync://127.0.0.1:${silent}/debian/`)],
    { deadlineMs: 300 },
  );
  assert.deepEqual(
    late.endpoints.map(({ state }) => state),
    ['unreachable', 'unreachable'],
  );
  assert.equal(performance.now() - begun < 3_000, true);
});

test('a real rsync daemon greets; what is none is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pushmirror-look-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'tree'));
  const other = await freePort();
  writeFileSync(join(folder, 'conf'), `[debian]\npath = ${folder}/tree\nuse chroot = no\n`);
  const argv = [
    '--daemon',
    '--no-detach',
    `--config=${folder}/conf`,
    '--address=127.0.0.1',
    `--port=${other}`,
  ];
  const daemon = spawn('rsync', argv, { stdio: 'ignore' });
  t.after(() => daemon.kill());
  await untilOpen(other);
  const places = [place(`rsync://127.0.0.1:${other}/debian/`)];
  const read: string[] = [];
  const seen = await look(places, {
    readByRsync(what) {
      read.push(what);
      return what === 'trace'
        ? Promise.resolve(Buffer.from('x'))
        : Promise.reject(new NetError('unreachable', 'no head'));
    },
  });
  assert.equal(seen.endpoints[0]?.state, 'ok', seen.endpoints[0]?.reason ?? '');
  assert.equal(typeof seen.responseMs, 'number');
  assert.deepEqual(read, ['head', 'trace']);
  const web = mirror({});
  const http = await listen(t, createPlain(web.handler), '127.0.0.1');
  const none = await look([place(`rsync://127.0.0.1:${http}/debian/`)], { deadlineMs: 500 });
  assert.equal(none.endpoints[0]?.state, 'unreachable');
});

async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilOpen(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(25);
  }
}
