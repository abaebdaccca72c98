import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { parseCidr } from '@pushmirror/acl';
import { NetError } from './errors.ts';
import { createGuardedClient, type GuardedClientOptions } from './client.ts';
import { nameServer, watchConnections, webServer } from './fixtures.test.ts';
import { createGuard } from './guard.ts';
import { createResolve } from './resolve.ts';

/** Where the names of the hostile URLs lead; others have no address. */
const NAMES: Record<string, string[]> = {
  'loopback.example': ['127.0.0.1'],
  'six-loopback.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::127.0.0.1'],
  'sixtofour.example': ['2002:7f00:1::1'],
  'teredo.example': ['2001:0:7f00:1::1'],
  'private.example': ['10.0.0.1', '192.168.0.1'],
  'cgnat.example': ['100.64.0.1'],
  'metadata.example': ['169.254.169.254'],
  'linklocal.example': ['fe80::1'],
  'ula.example': ['fd00::1'],
  'multicast.example': ['224.0.0.1', 'ff02::1'],
  // A good address beside a bad one must not make it pass.
  'mixed.example': ['8.8.8.8', '127.0.0.1'],
  'mixed6.example': ['2606:4700::1111', '::1'],
  'half.example': ['8.8.8.8', '::1'],
  'metadata.google.internal': ['169.254.169.254'],
};

function zone(host: string): string[] {
  const inside = /(\d+)[.-](\d+)[.-](\d+)[.-](\d+)\.(?:nip|sslip)\.io$/.exec(host);
  if (inside !== null) return [inside.slice(1, 5).join('.')];
  if (/localhost|localtest\.me|localdomain/.test(host)) return ['127.0.0.1', '::1'];
  return NAMES[host] ?? [];
}

function clientOf(server: string, allow: string[], more: Partial<GuardedClientOptions> = {}) {
  const resolve = createResolve({ servers: [server], timeoutMs: 500 });
  return createGuardedClient({
    guard: createGuard({ resolve, allow: allow.map(parseCidr) }),
    ...more,
  });
}

test('no hostile URL opens a connection', { timeout: 60_000 }, async (t) => {
  const text = await readFile(new URL('hostile-urls.json', import.meta.url), 'utf8');
  const urls = JSON.parse(text) as string[];
  assert.ok(urls.length >= 200);
  const four = await webServer(t, '127.0.0.1', (_, response) => void response.end('inside'));
  const six = await webServer(t, '::1', (_, response) => void response.end('inside'), four.port);
  const client = clientOf(await nameServer(t, zone), []);
  const watched = watchConnections(t);
  const passed: string[] = [];
  for (const url of urls) {
    const filled = url.replaceAll('{port}', String(four.port));
    const why = await client.get(filled).then(
      (answer) => `answered ${answer.status}`,
      (error: unknown) => (error instanceof NetError ? error.code : String(error)),
    );
    if (!['bad-url', 'forbidden-address', 'unreachable'].includes(why))
      passed.push(`${url}: ${why}`);
  }
  assert.deepEqual(passed, []);
  assert.equal(watched.opened(), 0);
  assert.equal(four.connections() + six.connections(), 0);

  const open = clientOf('127.0.0.1:1', ['127.0.0.1/32']);
  await open.get(`http://127.0.0.1:${four.port}/`);
  assert.deepEqual([watched.opened(), four.connections()], [1, 1], 'they would have been seen');
});

test('a name that leads elsewhere at the second look is followed once, and never there', async (t) => {
  // 127.0.0.2 stands for the internet: it alone is allowed.
  const rebinding = (host: string, asked: number) =>
    host === 'rebind.example' ? [asked === 0 ? '127.0.0.2' : '127.0.0.1'] : ['127.0.0.2'];
  const server = await nameServer(t, rebinding);
  const outside = await webServer(t, '127.0.0.2', (request, response) => {
    if (request.url === '/ok') return void response.end(request.headers.host);
    const location = request.url === '/again' ? '/ok' : `http://127.0.0.1:${inside.port}/`;
    return void response.writeHead(302, { location }).end();
  });
  const inside = await webServer(t, '127.0.0.1', (_, r) => void r.end('inside'), outside.port);
  const client = clientOf(server, ['127.0.0.2/32']);
  const url = (path: string, host = 'rebind.example') => `http://${host}:${outside.port}${path}`;

  const first = await client.get(url('/ok'));
  assert.equal(first.body.toString(), `rebind.example:${outside.port}`, 'the name is in Host');
  assert.equal(first.address, '127.0.0.2');
  await assert.rejects(client.get(url('/ok')), { code: 'forbidden-address' });

  const fresh = await nameServer(t, rebinding);
  const again = clientOf(fresh, ['127.0.0.2/32']);
  await assert.rejects(again.get(url('/again')), { code: 'forbidden-address' }, 'looked up anew');
  await assert.rejects(again.get(url('/away', 'steady.example')), { code: 'bad-answer' });
  assert.equal(inside.connections(), 0);
});

test('size, time and redirects have bounds', async (t) => {
  const server = await webServer(t, '127.0.0.1', (request, response) => {
    if (request.url === '/large') return void response.end(Buffer.alloc(5000));
    if (request.url === '/slow') return void response.write('x');
    if (request.url === '/other')
      return void response.writeHead(301, { location: '//x.example/' }).end();
    return void response.writeHead(302, { location: '/loop' }).end();
  });
  const limits = { maxBytes: 4096, deadlineMs: 300, maxRedirects: 3 };
  const client = clientOf('127.0.0.1:1', ['127.0.0.0/8'], limits);
  const get = (path: string) => client.get(`http://127.0.0.1:${server.port}${path}`);
  await assert.rejects(get('/large'), { code: 'too-large', message: /larger than 4096 bytes/ });
  await assert.rejects(get('/slow'), { code: 'unreachable', message: /did not answer in time/ });
  await assert.rejects(get('/loop'), { code: 'bad-answer', message: /more than 3 times/ });
  await assert.rejects(get('/other'), { code: 'bad-url' });
  await assert.rejects(client.get(`http://127.0.0.1:${server.port}/`, { family: 6 }), {
    code: 'unreachable',
  });
});

test('over TLS the name is asked for and the certificate must be for it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pushmirror-net-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const names = 'subjectAltName=DNS:secure.example';
  const argv = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -addext ${names} -keyout ${key} -out ${cert}`;
  const [program = '', ...words] = argv.split(' ');
  const made = spawnSync(program, words, { timeout: 20_000 });
  assert.equal(made.status, 0, made.stderr.toString());
  const ca = await readFile(cert, 'utf8');
  let asked: unknown;
  const server = createServer({ key: await readFile(key), cert: ca }, (request, response) => {
    asked = (request.socket as TLSSocket).servername;
    response.end('secret');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const names53 = await nameServer(t, () => ['127.0.0.1']);
  const client = clientOf(names53, ['127.0.0.1/32'], { ca });
  const answer = await client.get(`https://secure.example:${port}/`);
  assert.equal(asked, 'secure.example');
  const days = ((answer.certificateUntil?.getTime() ?? 0) - Date.now()) / 86_400_000;
  assert.ok(days > 1 && days <= 2, `${days} days`);
  const refused = { code: 'bad-certificate', message: /certificate/ };
  await assert.rejects(client.get(`https://other.example:${port}/`), refused);
  await assert.rejects(
    clientOf(names53, ['127.0.0.1/32']).get(`https://secure.example:${port}/`),
    refused,
  );
});
