import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { newKey, sshServer, temporaryFolder } from '@pushmirror/trigger/send/fixtures.test';
import type { MasterConfig } from '../config.ts';
import { webServer } from '../../../../libs/net/src/fixtures.test.ts';
import { createFixture, mirrorBody, someKey, type Fixture } from '../setup/fixture.test.ts';

type View = {
  id: string;
  state: string;
  missing: string[];
  challenge: { path: string; text: string };
};
type Begun = { registration: View; token: string; operatorToken: string };

/** A master, and a mirror with a web server and an SSH endpoint that let it in. */
async function stage(t: TestContext, registration: Partial<MasterConfig['registration']> = {}) {
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: { policy: 'proof', allow_addresses: ['127.0.0.0/8'], ...registration },
  }));
  await f.addArchive();
  const pages = new Map<string, string>();
  const web = await webServer(t, '127.0.0.1', (request, response) => {
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  const hostKey = newKey(temporaryFolder(t), 'host');
  const ssh = await sshServer(t, { hostKey });
  const request = {
    name: 'new.example.org',
    ssh: { host: '127.0.0.1', port: ssh.port, user: 'mirror' },
    hostKey: hostKey.line,
    httpUrl: `http://127.0.0.1:${web.port}/debian/`,
    contact: 'Mirror team',
    archives: ['debian'],
  };
  const begin = async (more: object = {}): Promise<Begun> => {
    const answer = await f.call('POST', '/v1/registrations', { ...request, ...more }, null);
    assert.equal(answer.status, 201, answer.text);
    return answer.body as Begun;
  };
  const check = async ({ registration: { id }, token }: Begun): Promise<View> => {
    f.clock.now = new Date(f.clock.now.getTime() + 10_000);
    const answer = await f.call('POST', `/v1/registrations/${id}/check`, undefined, token);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as View;
  };
  const show = ({ registration: { challenge } }: Begun, text = challenge.text) =>
    pages.set(`/debian/${challenge.path}`, text);
  return { f, web, ssh, request, begin, check, show };
}

const actions = async (f: Fixture) => {
  const { body } = await f.call('GET', '/v1/audit?order=oldest');
  return (body as { entries: { action: string }[] }).entries.map(({ action }) => action);
};

test('a mirror is one when URL and endpoint are proven, with its tokens, and not before', async (t) => {
  const { f, begin, check, show } = await stage(t);
  const begun = await begin({ country: 'DE', contact: 'Mirror\u202e\u0007 team\n<x@example.org>' });
  const setUp = () => f.call('GET', '/v1/set-up', undefined, begun.token);
  assert.equal((await setUp()).status, 401, 'the token means nothing yet');
  const before = await check(begun);
  assert.equal(before.state, 'proving');
  assert.match(before.missing.join(), /answers 404: put the challenge there/);
  show(begun, 'something else');
  assert.match((await check(begun)).missing.join(), /holds another text/);
  show(begun);
  assert.equal((await check(begun)).state, 'approved');

  const { body } = await setUp();
  const { sources, archives } = body as { sources: { name: string }[]; archives: object[] };
  assert.deepEqual(
    sources.map(({ name }) => name),
    ['master'],
  );
  assert.deepEqual(archives, [{ name: 'debian', profile: 'debian' }]);
  const mirror = (await f.call('GET', '/v1/mirrors/new.example.org')).body as Record<
    string,
    unknown
  >;
  assert.equal(mirror['contact'], 'Mirror team <x@example.org>');
  assert.equal(mirror['contactPublic'], false, 'only who agrees');
  assert.equal(mirror['state'], 'active');
  assert.deepEqual(await actions(f), ['archive-add', 'registration-begin', 'mirror-approve']);
  assert.equal((await f.publish()).mirrors, 1);
});

test('an endpoint with another host key, or none at all, proves nothing', async (t) => {
  const { begin, check, show } = await stage(t);
  const other = await begin({ hostKey: someKey() });
  show(other);
  const changed = await check(other);
  assert.equal(changed.state, 'proving');
  assert.match(changed.missing.join(), /SSH:.*host key/);
  const nobody = await begin({ ssh: { host: '127.0.0.1', port: 1, user: 'mirror' } });
  show(nobody);
  assert.match((await check(nobody)).missing.join(), /SSH:.*refused/i);
});

test('the master goes to no address that it may not', async (t) => {
  const { begin, check, web, ssh } = await stage(t, { allow_addresses: [] });
  const { state, missing } = await check(await begin());
  assert.equal(state, 'proving');
  assert.equal(missing.filter((one) => one.includes('loopback')).length, 2, missing.join());
  assert.equal(web.connections() + ssh.accepted(), 0);
});

test('under review an administrator has the last word, and may say where it pulls from', async (t) => {
  const { f, begin, check, show } = await stage(t, { policy: 'review' });
  await f.addMirror('hub', { rsyncUrl: 'rsync://hub.example.org' });
  const approve = (upstream?: string) =>
    f.call('POST', '/v1/registrations/new.example.org/approve', { upstream });
  const begun = await begin();
  assert.equal((await approve()).status, 409, 'not proven');
  show(begun);
  assert.equal((await check(begun)).state, 'review');
  assert.equal((await f.call('GET', '/v1/mirrors/new.example.org')).status, 404);
  assert.equal((await f.call('GET', '/v1/set-up', undefined, begun.token)).status, 401);
  assert.equal((await approve('nowhere')).status, 404);
  assert.equal((await approve('hub')).status, 200);
  const { body } = await f.call('GET', '/v1/mirrors/new.example.org');
  assert.equal((body as { upstream: string }).upstream, 'hub');

  const refused = await begin({ name: 'other.example.org' });
  const reason = { reason: 'we know nobody there' };
  assert.equal(
    (await f.call('POST', '/v1/registrations/other.example.org/refuse', reason)).status,
    200,
  );
  assert.equal((await check(refused)).state, 'refused');
});

test('an invitation counts once, for its mirror, in its time; every other sounds the same', async (t) => {
  const { f, request, begin, check, show } = await stage(t, { policy: 'invite' });
  const invite = async (more: object = {}) => {
    const wanted = { label: 'for a friend', validMs: 3_600_000, ...more };
    return ((await f.call('POST', '/v1/invites', wanted)).body as { invite: string }).invite;
  };
  const tryWith = async (text: string) => {
    const answer = await f.call('POST', '/v1/registrations', { ...request, invite: text }, null);
    return `${answer.status} ${answer.text}`;
  };
  const without = await f.call('POST', '/v1/registrations', request, null);
  assert.equal(without.status, 403);
  const good = await invite();
  const begun = await begin({ invite: good });
  show(begun);
  assert.equal((await check(begun)).state, 'approved', 'at once');

  const late = await invite({ validMs: 60_000 });
  f.clock.now = new Date(f.clock.now.getTime() + 120_000);
  const wrong = `pmi_${'0'.repeat(12)}_${'A'.repeat(43)}`;
  const forOther = await invite({ mirror: 'third.example.org' });
  const answers = [];
  for (const text of [good, late, wrong, forOther, 'nonsense', `${good.slice(0, -1)}_`]) {
    answers.push(await tryWith(text));
  }
  assert.deepEqual(new Set(answers).size, 1, answers.join('\n'));
  assert.match(answers[0] ?? '', /^403 .*does not count/);
});

test('after a lost disk the URL is proven again: new keys, and the old token is refused', async (t) => {
  const { f, request, begin, check, show } = await stage(t);
  const first = await begin();
  show(first);
  await check(first);
  const again = await begin({ pushKey: someKey() });
  show(again);
  assert.equal((await check(again)).state, 'approved');
  const setUp = (token: string) => f.call('GET', '/v1/set-up', undefined, token);
  assert.equal((await setUp(again.token)).status, 200);
  assert.equal((await setUp(first.token)).status, 401);
  assert.equal((await actions(f)).at(-1), 'mirror-renew');
  assert.equal(request.name, 'new.example.org');
});

test('a stranger does not take over a mirror with an URL of their own, nor with an invitation', async (t) => {
  const { f, begin, check, show } = await stage(t, { policy: 'proof' });
  const victim = mirrorBody('hub.example.org');
  await f.addMirror(victim.name, {
    httpUrl: 'http://127.0.0.1:1/debian/',
    hostKey: victim.hostKey,
  });
  const wanted = { label: 'x', validMs: 3_600_000 };
  const { invite } = (await f.call('POST', '/v1/invites', wanted)).body as { invite: string };
  const begun = await begin({ name: victim.name, invite });
  show(begun);
  assert.equal((await check(begun)).state, 'proving', 'its own URL is asked, and does not answer');
  const { body } = await f.call('GET', `/v1/mirrors/${victim.name}`);
  assert.equal((body as { hostKey: string }).hostKey, victim.hostKey);
});

test('who holds no token of a registration learns nothing of it', async (t) => {
  const { f, begin } = await stage(t);
  const { registration, token } = await begin();
  const other = await begin({ name: 'other.example.org' });
  const ask = async (id: string, by: string | null) => {
    const answer = await f.call('GET', `/v1/registrations/${id}`, undefined, by);
    return `${answer.status} ${answer.text}`;
  };
  assert.match(await ask(registration.id, token), /^200 /);
  const strangers = [
    await ask(registration.id, null),
    await ask(registration.id, other.token),
    await ask(registration.id, 'nonsense'),
    await ask('0123456789abcdef', token),
  ];
  assert.deepEqual(new Set(strangers).size, 1, strangers.join('\n'));
  assert.match(strangers[0] ?? '', /^401 /);
});

test('forms are strict', async (t) => {
  const { f, request } = await stage(t);
  const bad: [object, number][] = [
    [{ name: 'master' }, 422],
    [{ name: 'UPPER' }, 400],
    [{ ssh: { host: '-oProxyCommand=id', port: 22, user: 'x' } }, 400],
    [{ ssh: { host: 'h', port: 22, user: 'a;b' } }, 400],
    [{ hostKey: 'ssh-dss AAAA' }, 422],
    [{ httpUrl: 'http://u@127.0.0.1/' }, 422],
    [{ httpUrl: 'http://127.1/' }, 422],
    [{ httpUrl: 'https://x.example.org/?q' }, 422],
    [{ archives: ['nothing'] }, 404],
    [{ contact: '\u202e\u0000' }, 400],
    [{ unknown: 1 }, 400],
    [{ rsyncUrl: 'rsync://somebody.example.net' }, 422],
  ];
  for (const [change, status] of bad) {
    const answer = await f.call('POST', '/v1/registrations', { ...request, ...change }, null);
    assert.equal(answer.status, status, `${JSON.stringify(change)}: ${answer.text}`);
  }
});
