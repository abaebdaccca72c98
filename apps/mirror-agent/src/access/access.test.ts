import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { tempFolder } from '../fixtures.test.ts';
import { createMasterClient } from '../master-client.ts';
import { fromTo } from '../sync/arguments.ts';
import { parseUpstream } from '../sync/upstream-url.ts';
import { createAccounts } from './accounts.ts';
import { openAccess, type AccessOptions } from './follow.ts';
import { letIn } from './let-in.ts';

const root = tempFolder();
const SECRET = 'a-secret-of-enough-letters';
const answer = (digest: string, more: Partial<AccessResponse> = {}): AccessResponse => ({
  digest,
  modules: [],
  secrets: [],
  upstreams: [{ url: 'rsync://hub.example.org:8730', user: 'leaf_1', secret: SECRET }],
  sources: [],
  sshPullers: [],
  signers: [],
  downstreams: 'list-1',
  ...more,
});

test('an account is for its upstream alone, and its secret in a file for us alone', async () => {
  const accounts = createAccounts(join(mkdtempSync(join(root, 'a-')), 'accounts'));
  await accounts.set(answer('1').upstreams);
  const args = (url: string) =>
    fromTo({ accounts: accounts.of, password_file: '/mine' }, parseUpstream(url), '/to');
  const [, password = '', ...rest] = args('rsync://hub.example.org:8730/debian');
  assert.deepEqual(rest, ['--', 'rsync://leaf_1@hub.example.org:8730/debian/', '/to/']);
  const file = password.replace('--password-file=', '');
  assert.equal(readFileSync(file, 'utf8'), `${SECRET}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const other of ['rsync://hub.example.org/debian', 'rsync://other.example.org:8730/debian']) {
    assert.equal(args(other)[1], '--');
  }
  assert.equal(args('rsync://me@hub.example.org:8730/debian')[1], '--password-file=/mine');

  const next = { url: 'rsync://hub.example.org:8730', user: 'leaf_2', secret: `${SECRET}2` };
  await accounts.set([next]);
  assert.match(args('rsync://hub.example.org:8730/debian')[1] ?? '', /leaf_2@hub/);
  readFileSync(file); // An rsync that is just starting still finds it.
  await accounts.set([next]);
  assert.throws(() => readFileSync(file));
  await accounts.set([{ ...next, user: '../x' }]);
  assert.equal(args('rsync://hub.example.org:8730/debian')[1], '--', 'no odd names');
});

test('whom our rsync daemon lets in', () => {
  const archives = [{ name: 'debian' }, { name: 'own' }];
  const users = (told: Parameters<typeof letIn>[2], open: string[] = []) =>
    letIn(archives, open, told).modules.map((one) => [one.name, one.users]);
  assert.deepEqual(users('none'), [
    ['debian', null],
    ['own', null],
  ]);
  const nobody = [
    ['debian', []],
    ['own', []],
  ];
  assert.deepEqual(users(undefined), nobody, 'not told yet');
  assert.deepEqual(users(answer('1')), nobody, 'not spoken of');
  const debian = { ...letIn([{ name: 'debian' }], [], 'none').modules[0], users: ['leaf_1'] };
  const modules = [debian] as AccessResponse['modules'];
  assert.deepEqual(users(answer('1', { modules }), ['own']), [
    ['debian', ['leaf_1']],
    ['own', null],
  ]);
});

test('the copy holds while the master is away; a change is heard while it is waited for', async (t) => {
  const folder = mkdtempSync(join(root, 'f-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'token\n', { mode: 0o600 });
  const seen: string[] = [];
  const stop = new AbortController();
  const asked: string[] = [];
  let release = () => {};
  const server: Server = createServer((request, response) => {
    const known = new URL(request.url ?? '', 'http://x').searchParams.get('known') ?? '';
    asked.push(known);
    const send = () => response.end(JSON.stringify(answer(known === '1' ? '2' : '1')));
    if (known === '1') release = send;
    else send();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = (url: string): AccessOptions => ({
    path: join(folder, 'access.json'),
    master: createMasterClient({ url, tokenFile, signal: stop.signal }),
    serves: true,
    announcement: undefined,
    onCorrupt: () => {},
    onProblem: () => {},
    onChange: ({ digest }) => Promise.resolve(void seen.push(digest)),
    onDownstreams: () => {},
    random: () => 0.5,
    signal: stop.signal,
  });
  t.after(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const first = await openAccess(options(`http://127.0.0.1:${port}`));
  assert.equal(first.told(), undefined);
  await first.refresh();
  assert.deepEqual(seen, ['1']);

  const away = await openAccess(options('http://127.0.0.1:1'));
  assert.equal((away.told() as AccessResponse).digest, '1', 'from the copy');
  assert.deepEqual(seen, ['1', '1']);
  await away.refresh();
  assert.equal((away.told() as AccessResponse).digest, '1');
  assert.equal(statSync(join(folder, 'access.json')).mode & 0o777, 0o600);

  const changed = new Promise<void>((resolve) => {
    const follow = openAccess({
      ...options(`http://127.0.0.1:${port}`),
      onChange: ({ digest }) => Promise.resolve(digest === '2' ? resolve() : undefined),
    });
    void follow.then((access) => access.start());
  });
  while (!asked.includes('1')) await new Promise((resolve) => setImmediate(resolve));
  release();
  await changed;
  assert.ok(readdirSync(folder).includes('access.json'));
});
