import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';

/** A browser at the desk: it keeps its cookie and fills in forms. */
function browserOf(f: Fixture) {
  let cookie = '';
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    form?: Record<string, string>,
    more = {},
  ) => {
    const answer = await f.master.app.inject({
      method,
      url,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...more,
      },
      ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
    });
    const set = String(answer.headers['set-cookie'] ?? '');
    if (set !== '') cookie = set.split(';')[0] ?? '';
    return { status: answer.statusCode, text: answer.payload, set };
  };
  const csrf = async () =>
    /name="csrf" value="([^"]+)"/.exec((await send('GET', '/desk')).text)?.[1] ?? '';
  return {
    send,
    csrf,
    login: (token: string) => send('POST', '/desk/login', { token }),
    async act(action: string, subject: string, reason = '') {
      await send('POST', '/desk/do', { csrf: await csrf(), action, subject, reason });
      return (await send('GET', '/desk')).text;
    },
  };
}

async function operatorOf(f: Fixture, mirror: string): Promise<string> {
  const { body } = await f.call('POST', `/v1/mirrors/${mirror}/operators`, { label: 'op' });
  return (body as { token: string }).token;
}

const stateOf = async (f: Fixture, mirror: string) =>
  ((await f.call('GET', `/v1/mirrors/${mirror}`)).body as { state: string }).state;

test('administrators suspend, resume and hold; everything is in the audit', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub.example.org');
  await f.publish();
  const browser = browserOf(f);
  const { set } = await browser.login(f.adminToken);
  assert.match(set, /HttpOnly; SameSite=Strict/);
  assert.doesNotMatch(set, /pmt_/, 'the token itself is no cookie');
  assert.match(await browser.act('suspend', 'hub.example.org', 'hacked'), /is suspended/);
  assert.equal(await stateOf(f, 'hub.example.org'), 'suspended');
  await browser.act('resume', 'hub.example.org');
  assert.equal(await stateOf(f, 'hub.example.org'), 'active');
  assert.match(await browser.act('halt', 'debian', 'looks wrong'), /debian is held/);
  assert.match(await browser.act('go-on', 'debian'), /debian goes on/);
  assert.match((await f.call('GET', '/v1/audit')).text, /mirror-suspend/);
});

test('an operator has one mirror, and no more rights here than at the API', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  for (const name of ['mine.example.org', 'other.example.org']) await f.addMirror(name);
  const browser = browserOf(f);
  await browser.login(await operatorOf(f, 'mine.example.org'));
  const { text } = await browser.send('GET', '/desk');
  assert.match(text, /mine\.example\.org/);
  assert.doesNotMatch(text, /other\.example\.org|Suspend|Halt/);
  await browser.act('pause', 'mine.example.org', 'new disks');
  assert.equal(await stateOf(f, 'mine.example.org'), 'paused');
  assert.match(
    await browser.act('pause', 'other.example.org', 'x'),
    /There is no mirror other\.example\.org/,
  );
  assert.match(await browser.act('suspend', 'mine.example.org', 'x'), /may not do this/);
  assert.equal(await stateOf(f, 'other.example.org'), 'active');
});

test('a form of another site, of no session or of an ended one does nothing', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub.example.org');
  const form = { action: 'suspend', subject: 'hub.example.org', reason: 'x' };
  const browser = browserOf(f);
  assert.equal((await browser.send('POST', '/desk/do', form)).status, 401);
  await browser.login(f.adminToken);
  const csrf = await browser.csrf();
  assert.equal((await browser.send('POST', '/desk/do', form)).status, 403, 'without the secret');
  assert.equal((await browser.send('POST', '/desk/do', { ...form, csrf: `${csrf}x` })).status, 403);
  const foreign = { 'sec-fetch-site': 'cross-site' };
  assert.equal((await browser.send('POST', '/desk/do', { ...form, csrf }, foreign)).status, 403);
  const other = browserOf(f);
  await other.login(f.adminToken);
  assert.equal((await other.send('POST', '/desk/do', { ...form, csrf })).status, 403, "another's");
  await browser.send('POST', '/desk/logout', { csrf });
  assert.equal((await browser.send('POST', '/desk/do', { ...form, csrf })).status, 401);
  assert.equal(await stateOf(f, 'hub.example.org'), 'active');
});

test('a revoked token ends its session; agents and wrong tokens do not come in', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('hub.example.org');
  const { body } = await f.call('POST', '/v1/tokens', { role: 'admin', label: 'second' });
  const { id, token } = body as { id: string; token: string };
  const browser = browserOf(f);
  for (const wrong of [agent, 'nonsense', `${token.slice(0, -1)}~`, '']) {
    assert.equal((await browser.login(wrong)).status, 401, wrong.slice(0, 5));
  }
  assert.equal((await browser.login(token)).status, 303);
  assert.match((await browser.send('GET', '/desk')).text, /Log out/);
  await f.call('DELETE', `/v1/tokens/${id}`);
  assert.doesNotMatch((await browser.send('GET', '/desk')).text, /Log out/);
  f.clock.now = new Date(f.clock.now.getTime() + 61_000);
  await browser.login(f.adminToken);
  f.clock.now = new Date(f.clock.now.getTime() + 9 * 3_600_000);
  assert.doesNotMatch((await browser.send('GET', '/desk')).text, /Log out/, 'eight hours are over');
});

test('an operator says who is told, and sees what was', async (t) => {
  const mail = { host: '127.0.0.1', port: 1, tls: 'none', from: 'push@example.org' } as const;
  const f = await createFixture(t, (config) => ({ ...config, mail }));
  await f.addArchive();
  for (const name of ['mine.example.org', 'other.example.org']) await f.addMirror(name);
  const foreign = { mirror: 'other.example.org', mail: 'other@example.org' };
  const { body } = await f.call('POST', '/v1/notices', foreign);
  const other = (body as { subscription: { id: string } }).subscription.id;
  const browser = browserOf(f);
  await browser.login(await operatorOf(f, 'mine.example.org'));
  assert.match((await browser.send('GET', '/desk')).text, /Nobody is told/);
  assert.match(
    await browser.act('notice-add', 'mine.example.org', 'x, y@example.org'),
    /plain mail/,
  );
  const asked = await browser.act('notice-add', 'mine.example.org', 'ops@example.org');
  assert.match(asked, /ops@example\.org[\s\S]*waits for its code/);
  assert.doesNotMatch(asked, /other@example\.org/);
  const id =
    /name="action" value="notice-confirm"><input[^>]* value="(\w+)"/.exec(asked)?.[1] ?? '';
  assert.match(await browser.act('notice-confirm', id, 'ABCDEFGH'), /not the code/);
  assert.match(await browser.act('notice-remove', other), /no such subscription/);
  assert.match(await browser.act('notice-remove', id), /Nobody is told/);
  assert.match(
    await browser.act('notice-add', 'other.example.org', 'x@example.org'),
    /There is no mirror other\.example\.org/,
  );
});
