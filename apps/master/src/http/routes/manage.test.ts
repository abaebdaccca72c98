import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { newKey, sshServer, temporaryFolder } from '@pushmirror/trigger/send/fixtures.test';
import { webServer } from '../../../../../libs/net/src/fixtures.test.ts';
import { createFixture, someKey, type Fixture } from '../../setup/fixture.test.ts';

type Push = { mirror: string; sender: string; state: string; reason: string | null };
type Mirror = { state: string; upstream: string | null; archives: { archive: string }[] } & Record<
  string,
  unknown
>;

/** hub with the leaves a and b below it, and a token of an operator of each. */
async function stage(t: TestContext) {
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: { policy: 'review', allow_addresses: ['127.0.0.0/8'] },
  }));
  await f.addArchive();
  await f.addMirror('hub', { rsyncUrl: 'rsync://hub.example.org' });
  for (const name of ['a', 'b']) await f.addMirror(name, { upstream: 'hub' });
  const operator = async (mirror: string) => {
    const made = await f.call('POST', `/v1/mirrors/${mirror}/operators`, { label: 'someone' });
    return (made.body as { token: string }).token;
  };
  const mirror = async (name: string) =>
    (await f.call('GET', `/v1/mirrors/${name}`)).body as Mirror;
  const pushes = async (serial: number) => {
    const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
    return new Map((body as { pushes: Push[] }).pushes.map((push) => [push.mirror, push]));
  };
  return { f, operator, mirror, pushes };
}

const lastAction = async (f: Fixture) => {
  const { body } = await f.call('GET', '/v1/audit?limit=1');
  const [entry] = (body as { entries: { actor: string; action: string }[] }).entries;
  return `${entry?.actor} ${entry?.action}`;
};

test('a paused hub gets no push, and its downstreams are pushed by who is above it', async (t) => {
  const { f, operator, mirror, pushes } = await stage(t);
  const first = await f.publish();
  assert.equal((await pushes(first.serial)).get('a')?.sender, 'hub');
  const token = await operator('hub');
  const done = await f.call('POST', '/v1/mirrors/hub/pause', { reason: 'new disks' }, token);
  assert.deepEqual(done.body, { mirror: 'hub', state: 'paused' });
  const now = await pushes(first.serial);
  assert.equal(now.get('hub')?.state, 'superseded');
  assert.match(now.get('hub')?.reason ?? '', /Paused: new disks/);
  assert.deepEqual([now.get('a')?.sender, now.get('b')?.sender], ['master', 'master']);
  assert.match(await lastAction(f), /^someone \([0-9a-f]{12}\) mirror-pause$/, 'which operator');

  const second = await f.publish();
  const later = await pushes(second.serial);
  assert.deepEqual([...later.keys()], ['a', 'b']);
  assert.equal(later.get('a')?.sender, 'master');
  await f.call('POST', '/v1/mirrors/hub/resume', {}, token);
  assert.equal((await mirror('hub')).state, 'active');
  assert.equal((await pushes((await f.publish()).serial)).get('a')?.sender, 'hub');
});

test('an administrator suspends with a reason; the operator cannot undo it', async (t) => {
  const { f, operator, mirror } = await stage(t);
  const token = await operator('a');
  const suspend = (by?: string) => f.call('POST', '/v1/mirrors/a/suspend', { reason: 'spam' }, by);
  assert.equal((await suspend(token)).status, 403);
  assert.equal((await suspend()).status, 200);
  const refused = await f.call('POST', '/v1/mirrors/a/resume', {}, token);
  assert.deepEqual([refused.status, (await mirror('a')).state], [403, 'suspended']);
  assert.equal((await f.call('POST', '/v1/mirrors/a/pause', { reason: 'x' }, token)).status, 403);
  assert.equal((await f.call('POST', '/v1/mirrors/a/resume', {})).status, 200);
});

test("an operator sees and moves nothing of another's mirror, as if it were not there", async (t) => {
  const { f, operator } = await stage(t);
  const token = await operator('a');
  const tries: ['GET' | 'POST' | 'DELETE', string, object?][] = [
    ['GET', ''],
    ['POST', '/pause', { reason: 'x' }],
    ['POST', '/resume', {}],
    ['POST', '/leave', { reason: 'x' }],
    ['POST', '/opt-out', { archive: 'debian' }],
    ['POST', '/change', { contact: 'me' }],
    ['POST', '/change/check'],
    ['GET', '/maintenance'],
    ['POST', '/maintenance', { weekday: 1, startMinute: 0, minutes: 60 }],
    ['DELETE', '/maintenance/x'],
    ['GET', '/operators'],
    ['POST', '/operators', { label: 'me' }],
    ['DELETE', '/operators/x'],
  ];
  for (const [method, path, body] of tries) {
    const [other, none] = await Promise.all([
      f.call(method, `/v1/mirrors/b${path}`, body, token),
      f.call(method, `/v1/mirrors/nowhere${path}`, body, token),
    ]);
    assert.equal(other.status, 404, `${method} ${path}: ${other.text}`);
    assert.equal(other.text, none.text.replace('nowhere', 'b'));
  }
  for (const path of ['/suspend', '/remove', '/move']) {
    const body = path === '/move' ? { upstream: 'b' } : { reason: 'x' };
    assert.equal((await f.call('POST', `/v1/mirrors/a${path}`, body, token)).status, 403);
  }
});

test('who leaves leaves nobody behind: downstreams go up, tokens and opt-ins end', async (t) => {
  const { f, operator, mirror, pushes } = await stage(t);
  const { serial } = await f.publish();
  const token = await operator('hub');
  const done = await f.call('POST', '/v1/mirrors/hub/leave', { reason: 'end of lease' }, token);
  assert.deepEqual(done.body, { mirror: 'hub', state: 'left' });
  assert.equal((await mirror('a')).upstream, null);
  assert.equal((await pushes(serial)).get('a')?.sender, 'master');
  assert.equal((await f.call('GET', '/v1/mirrors/hub', undefined, token)).status, 401);
  const { body } = await f.call('GET', '/v1/mirrors');
  assert.deepEqual(
    (body as { mirrors: { name: string }[] }).mirrors.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.deepEqual([...(await pushes((await f.publish()).serial)).keys()], ['a', 'b']);
});

test('a mirror is moved with all below it; circles and upstreams that cannot serve are refused', async (t) => {
  const { f, mirror } = await stage(t);
  const move = (name: string, upstream: string) =>
    f.call('POST', `/v1/mirrors/${name}/move`, { upstream });
  assert.equal((await move('hub', 'a')).status, 422, 'a circle');
  assert.equal((await move('hub', 'hub')).status, 422);
  assert.equal((await move('b', 'nowhere')).status, 404);
  assert.equal((await move('b', 'a')).status, 200);
  assert.equal((await mirror('b')).upstream, 'a');
  await f.call('POST', '/v1/mirrors/b/opt-out', { archive: 'debian' });
  assert.equal((await move('a', 'b')).status, 422, 'a circle');
  assert.equal((await move('b', 'master')).status, 200);
  assert.equal((await move('a', 'b')).status, 422, 'b carries nothing');
  assert.equal((await mirror('a')).upstream, 'hub');
});

test('opting in and out is explicit, and never pulls the rug from under a downstream', async (t) => {
  const { f, operator, mirror, pushes } = await stage(t);
  const [hub, a] = [await operator('hub'), await operator('a')];
  const refused = await f.call('POST', '/v1/mirrors/hub/opt-out', { archive: 'debian' }, hub);
  assert.match(refused.text, /a, b pull debian from hub/);
  const { serial } = await f.publish();
  assert.equal(
    (await f.call('POST', '/v1/mirrors/a/opt-out', { archive: 'debian' }, a)).status,
    200,
  );
  assert.deepEqual((await mirror('a')).archives, []);
  assert.equal((await pushes(serial)).get('a')?.state, 'superseded');
  assert.equal((await pushes((await f.publish()).serial)).has('a'), false);
  assert.equal(
    (await f.call('POST', '/v1/mirrors/a/opt-in', { archive: 'debian' }, a)).status,
    200,
  );
  assert.equal((await f.call('POST', '/v1/mirrors/a/opt-in', { archive: 'none' }, a)).status, 404);
  assert.equal((await pushes((await f.publish()).serial)).has('a'), true);
});

test('in its maintenance window a mirror is not pushed', async (t) => {
  const { f, operator, pushes } = await stage(t);
  const token = await operator('a');
  const window = { startsAt: '2026-11-21T08:00:00Z', endsAt: '2026-11-21T12:00:00Z' };
  const made = await f.call('POST', '/v1/mirrors/a/maintenance', window, token);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual([...(await pushes((await f.publish()).serial)).keys()].toSorted(), ['b', 'hub']);
  const { id } = made.body as { id: string };
  assert.equal(
    (await f.call('DELETE', `/v1/mirrors/a/maintenance/${id}`, undefined, token)).status,
    200,
  );
  assert.equal((await pushes((await f.publish()).serial)).has('a'), true);
  const backwards = { startsAt: window.endsAt, endsAt: window.startsAt };
  assert.equal((await f.call('POST', '/v1/mirrors/a/maintenance', backwards, token)).status, 400);
});

test('a weekly window is kept every week, and the downstreams of a hub in it hear from who is above', async (t) => {
  const { f, operator, pushes } = await stage(t);
  const saturday = { weekday: 6, startMinute: 8 * 60, minutes: 120 }; // It is Saturday, 09:00.
  const made = await f.call('POST', '/v1/mirrors/hub/maintenance', saturday, await operator('hub'));
  assert.equal(made.status, 201, made.text);
  const told = async (hours: number) => {
    f.clock.now = new Date(f.clock.now.getTime() + hours * 3_600_000);
    const now = await pushes((await f.publish()).serial);
    return [now.has('hub'), now.get('a')?.sender, now.get('b')?.sender];
  };
  const asleep = [false, 'master', 'master'];
  const awake = [true, 'hub', 'hub'];
  assert.deepEqual(await told(0), asleep);
  assert.deepEqual(await told(1), awake, '10:00: it is over');
  assert.deepEqual(await told(7 * 24 - 2), asleep, 'the next Saturday, 08:00');
});

test('details change at once, addresses and host keys when they are proven', async (t) => {
  const { f, operator, mirror } = await stage(t);
  const token = await operator('a');
  const change = (body: object, by?: string) => f.call('POST', '/v1/mirrors/a/change', body, by);
  const check = () => f.call('POST', '/v1/mirrors/a/change/check', undefined, token);
  await change({ contact: 'New\u202e team', country: 'FR' }, token);
  assert.deepEqual(
    [(await mirror('a'))['contact'], (await mirror('a'))['country']],
    ['New team', 'FR'],
  );
  const shown = async () => {
    f.clock.now = new Date(f.clock.now.getTime() + 10_000); // A page is kept for a moment.
    const page = (await f.call('GET', '/mirrors/a', undefined, null)).text;
    return page.includes('New team');
  };
  assert.equal(await shown(), false, 'nobody agreed to show it');
  await change({ contactPublic: true }, token);
  assert.equal((await mirror('a'))['contactPublic'], true);
  assert.equal(await shown(), true);
  await change({ contactPublic: false }, token);
  assert.equal(await shown(), false, 'and they may think again');

  const pages = new Map<string, string>();
  const web = await webServer(t, '127.0.0.1', (request, response) => {
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  const hostKey = newKey(temporaryFolder(t), 'host');
  const ssh = await sshServer(t, { hostKey });
  const wanted = {
    ssh: { host: '127.0.0.1', port: ssh.port, user: 'mirror' },
    hostKey: hostKey.line,
    httpUrl: `http://127.0.0.1:${web.port}/debian/`,
  };
  const before = await mirror('a');
  const asked = (await change(wanted, token)).body as {
    state: string;
    challenge: { path: string; text: string };
  };
  assert.equal(asked.state, 'proving');
  assert.match((await check()).text, /put the challenge there/);
  assert.equal((await mirror('a'))['hostKey'], before['hostKey'], 'held until it is proven');
  pages.set(`/debian/${asked.challenge.path}`, asked.challenge.text);
  assert.equal(((await check()).body as { state: string }).state, 'applied');
  assert.equal((await mirror('a'))['hostKey'], hostKey.line);
  assert.equal((await check()).status, 409, 'nothing waits any more');

  await change({ rsyncUrl: 'rsync://somebody.example.net' }, token);
  assert.match((await check()).text, /rsync: its host must be that of the mirror/);
  assert.equal((await mirror('a'))['rsyncUrl'], before['rsyncUrl']);

  await change({ hostKey: someKey() }, token);
  assert.match((await check()).text, /SSH: .*host key/);
  const word = await change({ hostKey: before['hostKey'] });
  assert.equal(
    (word.body as { state: string }).state,
    'applied',
    "an administrator's word is enough",
  );
  assert.equal((await change({ hostKey: 'ssh-dss AAAA' }, token)).status, 422);
});

test('several people manage a mirror, each with a token that can be taken back', async (t) => {
  const { f, operator } = await stage(t);
  const token = await operator('a');
  const made = await f.call('POST', '/v1/mirrors/a/operators', { label: 'a colleague' }, token);
  const { id, token: second } = made.body as { id: string; token: string };
  assert.equal((await f.call('GET', '/v1/mirrors/a', undefined, second)).status, 200);
  const { body } = await f.call('GET', '/v1/mirrors/a/operators', undefined, second);
  assert.deepEqual(
    (body as { operators: { label: string }[] }).operators.map(({ label }) => label),
    ['someone', 'a colleague'],
  );
  assert.equal(
    (await f.call('DELETE', `/v1/mirrors/a/operators/${id}`, undefined, token)).status,
    200,
  );
  assert.equal((await f.call('GET', '/v1/mirrors/a', undefined, second)).status, 401);
});
