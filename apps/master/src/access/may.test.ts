import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import { createFixture, someKey } from '../setup/fixture.test.ts';

test('rules say who publishes what, and from where', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const made = await f.call('POST', '/v1/tokens', { role: 'release-manager', label: 'r' });
  const { token } = made.body as { token: string };
  const publish = (as?: string) => f.call('POST', '/v1/archives/debian/releases', {}, as);
  assert.equal((await publish(token)).status < 300, true);
  const rule = { id: 'no-managers', effect: 'deny', action: 'publish', archive: 'debian' };
  const add = (more: object) => f.call('POST', '/v1/acl/rules', { ...rule, ...more });
  assert.equal((await add({ role: 'release-manager', from: ['127.0.0.0/8'] })).status, 200);
  const refused = await publish(token);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /no-managers/);
  assert.equal((await publish()).status < 300, true, 'an administrator still may');
  assert.equal((await f.call('DELETE', '/v1/acl/rules/no-managers')).status, 200);
  assert.equal((await add({ from: ['192.0.2.0/24'] })).status, 200);
  assert.equal((await publish(token)).status < 300, true, 'from elsewhere only');
});

test('rules say whose registration is taken: by name, key, archive and address', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hostKey = someKey();
  const register = (more: object = {}) => {
    const ssh = { host: 'new.example.org', port: 22, user: 'mirror' };
    const about = { name: 'new.example.org', ssh, hostKey, contact: 'x@example.org' };
    return f.call('POST', '/v1/registrations', { ...about, archives: ['debian'], ...more }, null);
  };
  assert.equal((await register()).status, 201);
  const rule = { id: 'not-they', effect: 'deny', action: 'register' };
  for (const more of [
    { archive: 'debian' },
    { from: ['127.0.0.0/8'] },
    { key: printOf(hostKey) },
  ]) {
    assert.equal((await f.call('POST', '/v1/acl/rules', { ...rule, ...more })).status, 200);
    const refused = await register();
    assert.equal(refused.status, 403, JSON.stringify(more));
    assert.equal(refused.text.includes('not-they'), false, 'a stranger hears of no rule');
    assert.equal((await f.call('DELETE', '/v1/acl/rules/not-they')).status, 200);
  }
  assert.equal((await register()).status, 201);
});

test('an archive that not everybody may read about looks as if it were not there', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('leaf.example.org', { httpUrl: 'https://leaf.example.org/' });
  await f.publish();
  const shows = async (path: string, token: string | null = null) =>
    (await f.call('GET', path, undefined, token)).text.includes('debian');
  assert.equal(await shows('/v1/status'), true);
  const deny = { id: 'embargo', effect: 'deny', action: 'read', archive: 'debian' };
  const own = { id: 'theirs', effect: 'allow', action: 'read', archive: 'debian' };
  assert.equal((await f.call('POST', '/v1/acl/rules', deny)).status, 200);
  assert.equal(await shows('/v1/status'), false);
  for (const path of [
    '/',
    '/mirrors/leaf.example.org',
    '/feed.atom',
    '/mirrors/leaf.example.org/feed.atom',
    '/metrics',
    '/mirrorz.json',
    '/v1/public/archives',
    '/v1/public/changes',
    '/v1/public/mirrors',
    '/v1/public/mirrors.csv',
    '/v1/public/mirrors/leaf.example.org',
  ]) {
    assert.equal(await shows(path), false, path);
  }
  for (const path of [
    '/archives/NAME',
    '/archives/NAME/feed.atom',
    '/archives/NAME/badge.svg',
    '/get/NAME/dists/Release',
    '/lists/NAME/plain',
    '/v1/archives/NAME/head',
    '/v1/archives/NAME/hold',
    '/v1/public/archives/NAME/releases',
    '/v1/public/archives/NAME/releases.csv',
    '/v1/public/archives/NAME/releases/2026112100',
    '/v1/public/archives/NAME/releases/2026112100/mirrors',
    '/v1/public/changes?archive=NAME',
    '/v1/public/mirrors?archive=NAME',
    '/v1/public/mirrors/leaf.example.org/sums?archive=NAME',
  ]) {
    const get = async (name: string) => {
      const { status, text } = await f.call('GET', path.replace('NAME', name), undefined, null);
      return [status, text.replaceAll(name, 'NAME')];
    };
    assert.deepEqual(await get('debian'), await get('nothing'), path);
  }
  assert.equal((await f.call('GET', '/v1/archives/debian')).status, 200, 'an administrator may');
  const made = await f.call('POST', '/v1/tokens', { role: 'release-manager', label: 'r' });
  const { token } = made.body as { token: string };
  const asManager = () => f.call('GET', '/v1/archives/debian', undefined, token);
  assert.equal((await asManager()).status, 404);
  const rule = { ...own, role: 'release-manager' };
  assert.equal((await f.call('POST', '/v1/acl/rules', rule)).status, 200);
  assert.equal((await asManager()).status, 200);
});

function printOf(line: string): string {
  return fingerprint(parsePublicKey(line).blob);
}
