import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { createFixture } from '../setup/fixture.test.ts';
import { RESTRICTED } from './fixture.test.ts';
import { driftOf } from './drift.ts';

describe('the rules, by the API', () => {
  test('a rule is tried, added, explained, and removed; each with who gains and loses', async (t) => {
    const f = await createFixture(t);
    await f.addArchive();
    await f.addMirror('hub');
    const tried = await f.call('POST', '/v1/acl/rules?dryRun=true', RESTRICTED);
    assert.equal(tried.status, 200, tried.text);
    const lost = {
      mirror: null,
      role: null,
      action: 'pull',
      archive: 'debian',
      view: null,
      gains: [],
    };
    const effects = [{ ...lost, loses: ['0.0.0.0/0', '::/0'] }];
    assert.deepEqual((tried.body as { effects: unknown }).effects, effects);
    const ids = async () => {
      const { body } = await f.call('GET', '/v1/acl');
      return (body as { rules: { id: string }[] }).rules.map(({ id }) => id);
    };
    const registry = [
      'open:debian',
      'pull:debian:hub',
      'trigger:debian:hub',
      'publish:admin',
      'publish:release-manager',
      'register:anybody',
      'read:anybody',
    ];
    assert.deepEqual(await ids(), registry, 'tried, not done');
    assert.equal((await f.call('POST', '/v1/acl/rules', RESTRICTED)).status, 200);
    assert.deepEqual(await ids(), [RESTRICTED.id, ...registry]);
    const ask = async (mirror?: string) => {
      const question = { mirror, action: 'pull', archive: 'debian' };
      const { body } = await f.call('POST', '/v1/acl/explain', question);
      return body as { rule: string; notes: string[] };
    };
    assert.match((await ask('hbu')).notes.join(), /no mirror hbu: .* a stranger/);
    assert.equal((await ask()).rule, RESTRICTED.id);
    assert.equal((await ask('hub')).rule, 'pull:debian:hub');
    assert.equal((await f.call('POST', '/v1/acl/rules', RESTRICTED)).status, 409);
    assert.equal((await f.call('DELETE', `/v1/acl/rules/${RESTRICTED.id}`)).status, 200);
    assert.equal((await f.call('DELETE', `/v1/acl/rules/${RESTRICTED.id}`)).status, 422);
    assert.match((await f.call('DELETE', '/v1/acl/rules/open:debian')).text, /registry/);
    const audit = (await f.call('GET', '/v1/audit')).text;
    assert.match(audit, /acl-add/);
    assert.match(audit, /acl-remove/);
  });

  test('what makes no sense is refused in one sentence, and changes nothing', async (t) => {
    const f = await createFixture(t);
    await f.addArchive();
    for (const [part, why] of [
      [{ mirror: 'nobody' }, /no mirror nobody/],
      [{ archive: 'nothing' }, /no archive nothing/],
      [{ view: 'nothing' }, /no view nothing/],
      [{ id: 'open:debian' }, /registry/],
      [{ path: '../etc' }, /plain/],
      [{ path: 'dists/x', effect: 'allow' }, /make it a view/],
      [{ from: ['10.0.0.1/8'] }, /range/],
      [{ valid_from: 'soon' }, /time/],
      [{ action: 'dance' }, /./],
      [{ action: 'publish', path: 'dists' }, /path/],
    ] as const) {
      const { status, text } = await f.call('POST', '/v1/acl/rules', { ...RESTRICTED, ...part });
      assert.ok(status >= 400 && status < 500, text);
      assert.match(text, why);
    }
    assert.deepEqual((await f.call('GET', '/v1/acl/export')).body, { rule: [], view: [] });
    const token = await f.addMirror('hub');
    assert.equal((await f.call('GET', '/v1/acl', undefined, token)).status, 403);
  });

  test('what was exported can be imported', async (t) => {
    const f = await createFixture(t);
    await f.addArchive();
    await f.addMirror('hub');
    const view = [{ archive: 'debian', name: 'embargo', paths: ['dists/embargo'] }];
    const rule = [
      RESTRICTED,
      {
        id: 'r',
        effect: 'allow',
        action: 'pull',
        mirror: 'hub',
        archive: 'debian',
        view: 'embargo',
        from: ['10.0.0.0/8'],
        valid_until: '2027-01-01T00:00:00Z',
        note: 'until it is public',
      },
    ];
    assert.equal((await f.call('POST', '/v1/acl/import', { rule, view })).status, 200);
    const { body } = await f.call('GET', '/v1/acl/export');
    assert.deepEqual(body, { rule: [RESTRICTED, rule[1]], view });
    const again = await f.call('POST', '/v1/acl/import', body);
    assert.deepEqual((again.body as { effects: unknown[] }).effects, []);
    assert.equal((await f.call('POST', '/v1/acl/import', { rule: [], view: [] })).status, 200);
  });
});

test('an agent is told its accounts, hears of a change at once, and of nobody else', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub', { rsyncUrl: 'rsync://hub.example.org' });
  const leaf = await f.addMirror('leaf', { upstream: 'hub', pushKey: undefined });
  const ask = async (token: string, query = '') =>
    (await f.call('GET', `/v1/access${query}`, undefined, token)).body as AccessResponse;
  const [forHub, forLeaf] = [await ask(hub), await ask(leaf)];
  assert.deepEqual(
    forLeaf.upstreams.map(({ url, user }) => [url, user]),
    [
      ['rsync://hub.example.org', 'leaf_1'],
      ['rsync://ftp.example.org', 'leaf_1'],
    ],
  );
  const [account] = forHub.secrets;
  assert.deepEqual(account, { user: 'leaf_1', secret: forLeaf.upstreams[0]?.secret });
  assert.deepEqual(forLeaf.secrets, []);
  assert.equal(forHub.modules[0]?.users, null);

  const waiting = ask(hub, `?known=${forHub.digest}&wait=15`);
  await f.call('POST', '/v1/acl/rules', RESTRICTED);
  const news = await waiting;
  assert.notEqual(news.digest, forHub.digest);
  assert.deepEqual(news.modules[0]?.users, ['leaf_1']);
});

test('what is installed is compared line by line, and shows no secret', async (t) => {
  const f = await createFixture(t, (config) => ({
    ...config,
    rsyncd: { address: '127.0.0.1', port: 8873, hosts_allow: [], max_connections: 10 },
  }));
  await f.addArchive();
  await f.addMirror('leaf');
  await f.call('POST', '/v1/acl/rules', RESTRICTED);
  const { body } = await f.call('GET', '/v1/acl/check');
  assert.equal((body as { managed: boolean }).managed, true);
  assert.ok((body as { drift: unknown[] }).drift.length > 0, 'nothing is installed yet');
  const rendered = (await f.call('GET', `/v1/acl/render?folder=${f.folder}`)).body as {
    files: { path: string; text: string }[];
  };
  for (const { path, text } of rendered.files) await writeFile(path, text);
  assert.deepEqual(await driftOf(rendered.files), []);
  const conf = join(f.folder, 'rsyncd.conf');
  const changed = (await readFile(conf, 'utf8')).replace('auth users = leaf_1\n', '');
  await writeFile(conf, changed);
  const secrets = join(f.folder, 'rsyncd.secrets');
  await writeFile(secrets, 'leaf_1:other-than-it-was\n');
  const drift = await driftOf(rendered.files);
  const shown = drift.map(({ what, text }) => `${what} ${text}`).toSorted();
  assert.deepEqual(shown, [
    'missing auth users = leaf_1',
    'missing leaf_1:(secret)',
    'unexpected leaf_1:(secret)',
  ]);
});

test('new rsync secrets leave no gap: both are accepted until the old one runs out', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub');
  const leaf = await f.addMirror('leaf', { upstream: 'hub', pushKey: undefined });
  await f.call('POST', '/v1/acl/rules', RESTRICTED);
  const ask = async (token: string) =>
    (await f.call('GET', '/v1/access', undefined, token)).body as AccessResponse;
  const before = await ask(leaf);
  const body = { mirror: 'leaf', overlapSeconds: 60 };
  const { status, text } = await f.call('POST', '/v1/keys/rsync', body);
  assert.equal(status, 200, text);
  const after = await ask(leaf);
  assert.deepEqual(
    after.upstreams.map(({ user }) => user),
    ['leaf_2', 'leaf_2'],
  );
  const accepted = async () => (await ask(hub)).modules[0]?.users;
  assert.deepEqual(await accepted(), ['leaf_1', 'leaf_2']);
  const old = before.upstreams[0]?.secret;
  assert.ok((await ask(hub)).secrets.some(({ secret }) => secret === old));
  const keys = (await f.call('GET', '/v1/keys')).text;
  assert.match(keys, /"id":"leaf_2","at":"hub"/);
  assert.ok(!keys.includes(after.upstreams[0]?.secret ?? 'none'), 'a list shows no secret');

  f.clock.now = new Date(f.clock.now.getTime() + 60_000);
  assert.deepEqual(await accepted(), ['leaf_2']);
  assert.ok(!(await ask(hub)).secrets.some(({ secret }) => secret === old));
  const { accounts } = (await f.call('GET', '/v1/mirrors/leaf/rsync-accounts')).body as {
    accounts: unknown;
  };
  assert.deepEqual(accounts, after.upstreams);
  assert.equal((await f.call('POST', '/v1/keys/rsync', { ...body, mirror: 'x' })).status, 404);
});
