import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, mirrorBody } from '../setup/fixture.test.ts';

test('who may do what', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('hub');
  const unknown = `pmt_000000000000_${'x'.repeat(43)}`;

  const answers = [null, 'nonsense', unknown, `${agent.slice(0, -1)}~`].map((token) =>
    f.call('GET', '/v1/mirrors', undefined, token),
  );
  const [none, ...wrong] = await Promise.all(answers);
  assert.equal(none?.status, 401);
  for (const answer of wrong) assert.deepEqual(answer.body, none?.body, 'all say the same');

  assert.equal((await f.call('GET', '/v1/mirrors', undefined, agent)).status, 403);
  const missing = await f.call('GET', '/v1/mirrors/nobody', undefined, agent);
  const present = await f.call('GET', '/v1/mirrors/hub', undefined, agent);
  assert.deepEqual(missing.body, present.body, 'who may not know does not learn what exists');
  assert.equal((await f.call('GET', '/v1/downstreams', undefined, agent)).status, 200);
  assert.equal((await f.call('GET', '/v1/downstreams')).status, 403);
});

test('a token of a release manager publishes until it is revoked', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const wanted = { role: 'release-manager', label: 'dak' };
  const { id, token } = (await f.call('POST', '/v1/tokens', wanted)).body as {
    id: string;
    token: string;
  };
  const publish = () => f.call('POST', '/v1/archives/debian/releases', {}, token);
  assert.equal((await publish()).status, 201);
  assert.equal((await f.call('POST', '/v1/archives', {}, token)).status, 403);
  assert.deepEqual((await f.call('DELETE', `/v1/tokens/${id}`)).body, { id, revoked: true });
  assert.equal((await publish()).status, 401);
  assert.equal((await f.call('DELETE', '/v1/tokens/unknown')).status, 404);
});

test('wrong tokens are counted by address', async (t) => {
  const f = await createFixture(t);
  for (let i = 0; i < 60; i += 1) await f.call('GET', '/v1/tokens', undefined, `bad${i}`);
  assert.equal((await f.call('GET', '/v1/tokens')).status, 429);
  f.clock.now = new Date(f.clock.now.getTime() + 61_000);
  assert.equal((await f.call('GET', '/v1/tokens')).status, 200);
});

test('bad input gets one sentence and its status', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub');
  const archive = (more: object) =>
    ['/v1/archives', { name: 'other', path: f.tree, ...more }] as const;
  const mirror = (more: object) => ['/v1/mirrors', { ...mirrorBody('new'), ...more }] as const;
  const cases: [readonly [string, object], number, RegExp][] = [
    [archive({ path: '/nonexistent/tree' }), 422, /does not exist/],
    [archive({ path: `${f.tree}/dists` }), 422, /is inside the archive debian/],
    [archive({ path: f.folder }), 422, /is around the archive debian/],
    [archive({ path: 'tree' }), 422, /not an absolute path/],
    [archive({ name: 'debian' }), 409, /archive debian already/],
    [archive({ name: '../etc' }), 422, /not a name for an archive/],
    [archive({ unknown: 1 }), 400, /unknown/i],
    [['/v1/archives/nothing/releases', {}], 404, /There is no archive nothing/],
    [mirror({ name: 'hub' }), 409, /mirror hub already/],
    [mirror({ name: 'master' }), 422, /not a name for a mirror/],
    [mirror({ upstream: 'new' }), 422, /circle: new <- new/],
    [mirror({ upstream: 'nobody' }), 404, /no mirror nobody/],
    [mirror({ archives: ['nothing'] }), 404, /no archive nothing/],
    [mirror({ hostKey: 'ssh-dss AAAA' }), 422, /The host key: .*DSA/],
    [mirror({ ssh: { host: '-oProxyCommand=x', user: 'm' } }), 422, /SSH host/],
    [mirror({ ssh: { host: 'h.example.org', user: '-l' } }), 422, /SSH user/],
    [mirror({ contact: 'a\nb' }), 400, /one plain line/],
    [mirror({ httpUrl: 'javascript:alert(1)' }), 400, /expected a URL/],
    [['/v1/tokens', { role: 'agent', label: 'x' }], 422, /Name a mirror/],
  ];
  for (const [[url, body], status, sentence] of cases) {
    const answer = await f.call('POST', url, body);
    assert.equal(answer.status, status, answer.text);
    const { error } = answer.body as { error: { message: string } };
    assert.match(error.message, sentence);
  }
});

test('a downstream asks no more of its hub than that carries, and hubs have keys', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('keyless', { pushKey: undefined });
  const below = (upstream: string) =>
    f.call('POST', '/v1/mirrors', { ...mirrorBody('leaf'), upstream });
  assert.match((await below('keyless')).text, /keyless has no push key/);
  await f.call('POST', '/v1/archives', { name: 'other', path: f.config.state, mode: 'classic' });
  await f.addMirror('elsewhere', { archives: ['other'] });
  assert.match((await below('elsewhere')).text, /elsewhere does not carry debian/);
});

test('health, an API description, and nothing else in the open', async (t) => {
  const f = await createFixture(t);
  assert.equal((await f.call('GET', '/healthz', undefined, null)).status, 200);
  assert.equal((await f.call('GET', '/readyz', undefined, null)).status, 200);
  const { body } = await f.call('GET', '/v1/openapi.json', undefined, null);
  const { openapi, paths } = body as { openapi: string; paths: Record<string, unknown> };
  assert.match(openapi, /^3\./);
  assert.ok('/v1/reports' in paths && '/v1/archives/{archive}/releases' in paths);
  const page = await f.call('GET', '/docs', undefined, null);
  assert.equal(page.status, 200);
  const docs = String(page.headers['content-security-policy']);
  assert.match(docs, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  assert.doesNotMatch(docs, /unsafe|https?:|swagger/, 'nobody else is asked for anything');
  assert.equal((await f.call('GET', '/v1/nothing', undefined, null)).status, 404);
  const policy = (await f.call('GET', '/', undefined, null)).headers['content-security-policy'];
  assert.match(String(policy), /default-src 'none';.*style-src 'self'/);
  assert.doesNotMatch(String(policy), /unsafe/);
});

test('what cannot be read, or is asked for in vain, gets one sentence that says what to do', async (t) => {
  const f = await createFixture(t);
  const ask = async (method: 'GET' | 'POST', url: string, type: string, payload?: string) => {
    const headers = { authorization: `Bearer ${f.adminToken}`, 'content-type': type };
    const answer = await f.master.app.inject({ method, url, headers, ...(payload && { payload }) });
    return `${answer.statusCode} ${answer.body}`;
  };
  const json = 'application/json';
  assert.match(await ask('POST', '/v1/tokens', 'text/xml', '<a/>'), /^415 .*application\/json/);
  assert.match(await ask('POST', '/v1/tokens', json, '{bad'), /^400 .*The body is not JSON/);
  assert.match(await ask('POST', '/v1/tokens', json), /^400 .*The body is empty/);
  const large = JSON.stringify('x'.repeat(2_000_000));
  assert.match(await ask('POST', '/v1/tokens', json, large), /^413 .*larger than this takes/);
  assert.match(await ask('POST', '/v1/status', json, '{}'), /^404 .*takes POST. \/docs shows/);
  const inBrowser = {
    method: 'GET',
    url: '/nowhere',
    headers: { accept: 'text/html,*/*' },
  } as const;
  const page = await f.master.app.inject(inBrowser);
  assert.equal(page.statusCode, 404);
  assert.match(page.body, /^<!doctype html>[\s\S]*There is nothing here/);
});

test('an error that nobody foresaw says nothing of itself', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const direct = new Database(`${f.config.state}/master.sqlite`);
  direct.exec(
    'pragma foreign_keys = off; drop table mirror_archive; drop table push; drop table mirror',
  );
  direct.close();
  const answer = await f.call('GET', '/v1/mirrors');
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /sqlite|table|mirror_/i);
});
