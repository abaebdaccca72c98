import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';

/**
 * Every route below /v1 with those that it takes; a new route is a new line. What is not below /v1,
 * or below /v1/public, is for the public. `own` is the operator of the mirror in the path; `holder` has the secret of the
 * registration in the path, which is no role.
 */
const ADMINS = ['admin'];
const MANAGERS = ['admin', 'release-manager'];
const READERS = [...MANAGERS, 'own', 'operator'];
const OWN = ['admin', 'own'];
const AGENTS = ['agent'];
const ROLES: Record<string, readonly string[] | 'public' | 'holder'> = {
  'GET /v1/access': AGENTS,
  'POST /v1/access/keys': AGENTS,
  'GET /v1/acl': ADMINS,
  'GET /v1/acl/check': ADMINS,
  'POST /v1/acl/explain': ADMINS,
  'GET /v1/acl/export': ADMINS,
  'POST /v1/acl/import': ADMINS,
  'GET /v1/acl/render': ADMINS,
  'POST /v1/acl/rules': ADMINS,
  'DELETE /v1/acl/rules/:id': ADMINS,
  'GET /v1/archives': READERS,
  'POST /v1/archives': ADMINS,
  'GET /v1/archives/:archive': READERS,
  'GET /v1/archives/:archive/head': 'public',
  'GET /v1/archives/:archive/hold': 'public',
  'POST /v1/archives/:archive/policy': ADMINS,
  'GET /v1/archives/:archive/publishing': READERS,
  'POST /v1/archives/:archive/pulls': AGENTS,
  'POST /v1/archives/:archive/releases': MANAGERS,
  'GET /v1/archives/:archive/releases/:serial/mirrors': [...READERS, 'agent'],
  'GET /v1/audit': ADMINS,
  'GET /v1/downstreams': AGENTS,
  'GET /v1/events': 'public',
  'GET /v1/invites': ADMINS,
  'POST /v1/invites': ADMINS,
  'DELETE /v1/invites/:id': ADMINS,
  'GET /v1/keys': ADMINS,
  'POST /v1/keys/:kind': ADMINS,
  'POST /v1/keys/rsync': ADMINS,
  'GET /v1/mirrors': MANAGERS,
  'POST /v1/mirrors': ADMINS,
  'POST /v1/mirrors/:mirror/agent': ADMINS,
  'GET /v1/mirrors/:mirror': [...MANAGERS, 'own'],
  'POST /v1/mirrors/:mirror/change': OWN,
  'POST /v1/mirrors/:mirror/change/check': OWN,
  'POST /v1/mirrors/:mirror/confirm-key': OWN,
  'POST /v1/mirrors/:mirror/leave': OWN,
  'GET /v1/mirrors/:mirror/maintenance': OWN,
  'POST /v1/mirrors/:mirror/maintenance': OWN,
  'DELETE /v1/mirrors/:mirror/maintenance/:id': OWN,
  'POST /v1/mirrors/:mirror/move': ADMINS,
  'GET /v1/mirrors/:mirror/operators': OWN,
  'POST /v1/mirrors/:mirror/operators': OWN,
  'DELETE /v1/mirrors/:mirror/operators/:id': OWN,
  'GET /v1/mirrors/:mirror/notices': OWN,
  'POST /v1/mirrors/:mirror/notices': OWN,
  'DELETE /v1/mirrors/:mirror/notices/:id': OWN,
  'POST /v1/mirrors/:mirror/notices/:id/confirm': OWN,
  'POST /v1/mirrors/:mirror/notices/:id/test': OWN,
  'POST /v1/mirrors/:mirror/opt-in': OWN,
  'POST /v1/mirrors/:mirror/opt-out': OWN,
  'POST /v1/mirrors/:mirror/pause': OWN,
  'POST /v1/mirrors/:mirror/remove': ADMINS,
  'POST /v1/mirrors/:mirror/resume': OWN,
  'GET /v1/mirrors/:mirror/rsync-accounts': ADMINS,
  'POST /v1/mirrors/:mirror/settings': ADMINS,
  'POST /v1/mirrors/:mirror/suspend': ADMINS,
  'POST /v1/mirrors/:mirror/vantage': ADMINS,
  'GET /v1/network': 'public',
  'GET /v1/notices': READERS,
  'POST /v1/notices': READERS,
  'GET /v1/notices/outbox': ADMINS,
  'POST /v1/notices/outbox/:id/retry': ADMINS,
  'DELETE /v1/notices/:id': READERS,
  'POST /v1/notices/:id/confirm': READERS,
  'POST /v1/notices/:id/test': READERS,
  'GET /v1/openapi.json': 'public',
  'GET /v1/public/archives': 'public',
  'GET /v1/public/archives/:archive/releases': 'public',
  'GET /v1/public/archives/:archive/releases.csv': 'public',
  'GET /v1/public/archives/:archive/releases/:serial': 'public',
  'GET /v1/public/archives/:archive/releases/:serial/mirrors': 'public',
  'GET /v1/public/changes': 'public',
  'GET /v1/public/definitions': 'public',
  'GET /v1/public/mirrors': 'public',
  'GET /v1/public/mirrors.csv': 'public',
  'GET /v1/public/mirrors/:mirror': 'public',
  'GET /v1/public/mirrors/:mirror/sums': 'public',
  'GET /v1/public/mirrors/:mirror/sums.csv': 'public',
  'GET /v1/registrations': ADMINS,
  'POST /v1/registrations': 'public',
  'GET /v1/registrations/:id|:which': 'holder',
  'POST /v1/registrations/:id|:which/check': 'holder',
  'POST /v1/registrations/:id|:which/approve': ADMINS,
  'POST /v1/registrations/:id|:which/refuse': ADMINS,
  'POST /v1/reports': AGENTS,
  'GET /v1/rollouts': READERS,
  'GET /v1/rollouts/:archive/:serial': READERS,
  'POST /v1/rollouts/:archive/halt': MANAGERS,
  'POST /v1/rollouts/:archive/resume': MANAGERS,
  'POST /v1/rollouts/:archive/retry': MANAGERS,
  'GET /v1/set-up': AGENTS,
  'GET /v1/signers': 'public',
  'GET /v1/status': 'public',
  'GET /v1/tokens': ADMINS,
  'POST /v1/tokens': ADMINS,
  'DELETE /v1/tokens/:id': ADMINS,
  'GET /v1/vantage': AGENTS,
  'POST /v1/vantage/looks': AGENTS,
};

/** It never ends for those whom it takes. */
const ENDLESS = new Set(['GET /v1/events']);

/** What the bodies must hold for a request to come as far as the mirror. */
const BODIES: Record<string, object> = {
  pause: { reason: 'x' },
  leave: { reason: 'x' },
  'opt-in': { archive: 'debian' },
  'opt-out': { archive: 'debian' },
  change: { contact: 'x' },
  maintenance: { weekday: 1, startMinute: 0, minutes: 60 },
  operators: { label: 'x' },
  notices: { webhook: 'https://hooks.example.org/x' },
  confirm: { code: 'x' },
  'confirm-key': { fingerprint: `SHA256:${'A'.repeat(43)}` },
};

test(
  'every route takes the roles that it should, and nobody else',
  { timeout: 120_000 },
  async (t) => {
    const f = await createFixture(t);
    await f.addArchive();
    const agent = await f.addMirror('mine.example.org');
    await f.addMirror('other.example.org');
    const { serial } = await f.publish();
    const tokenFor = async (role: string, mirror?: string) => {
      const { body } = await f.call('POST', '/v1/tokens', { role, label: role, mirror });
      return (body as { token: string }).token;
    };
    const tokens: Record<string, string> = {
      admin: f.adminToken,
      'release-manager': await tokenFor('release-manager'),
      own: await tokenFor('operator', 'mine.example.org'),
      operator: await tokenFor('operator', 'other.example.org'),
      agent,
    };
    const wrong = ['nonsense', `pmt_000000000000_${'x'.repeat(43)}`, `${agent.slice(0, -2)}__`];
    const fill = (path: string, mirror: string) =>
      path
        .replace(':mirror', mirror)
        .replace(':archive', 'debian')
        .replace(':kind', 'push')
        .replace(':serial', String(serial))
        .replace(/:id.*?(?=\/|$)/, '0123456789abcdef');

    /** A mirror may ask about its own downstreams. */
    const query = (path: string) =>
      path.endsWith(':serial/mirrors') ? '?upstream=mine.example.org' : '';

    const all = await routesOf(f);
    assert.equal(all.length > 60, true, all.join(', '));
    for (const route of all) {
      const [method, path] = route.split(' ') as ['GET' | 'POST' | 'DELETE', string];
      if (path.startsWith('/desk')) continue; // Calls the API with the token that logged in.
      if (!path.startsWith('/v1/') || path.startsWith('/v1/public/')) {
        assert.equal(method, 'GET', `${route} is for the public, who only look`);
        continue;
      }
      const takes = ROLES[route];
      if (takes === undefined) throw new Error(`${route} is not in the table above.`);
      // So many failures from one address would be refused as such.
      f.clock.now = new Date(f.clock.now.getTime() + 61_000);
      const body = BODIES[path.split('/').at(-1) ?? ''] ?? {};
      const call = (token: string | null, mirror = 'mine.example.org') =>
        f.call(
          method,
          fill(path, mirror) + query(path),
          method === 'POST' ? body : undefined,
          token,
        );

      if (takes === 'public') {
        if (ENDLESS.has(route)) continue;
        const { status } = await call(null);
        assert.equal([401, 403].includes(status), false, `${route}: ${status}`);
        continue;
      }
      const none = await call(null);
      assert.equal(none.status, 401, `${route}: ${none.text}`);
      for (const token of wrong) {
        assert.deepEqual((await call(token)).body, none.body, `${route}: unknown and wrong differ`);
      }
      assert.deepEqual((await call(null, 'nowhere.example.org')).body, none.body, route);
      for (const [role, token] of Object.entries(tokens)) {
        const says = `${route} as ${role}`;
        if (takes === 'holder') {
          assert.deepEqual((await call(token)).body, none.body, says);
          continue;
        }
        const there = () => call(token);
        const nowhere = () => call(token, 'nowhere.example.org');
        if (takes.includes(role)) {
          // Of a mirror that is not there: what is asked of it must not happen.
          const got: Answer = await (path.includes(':mirror') ? nowhere() : there());
          assert.equal(
            [401, 403].includes(got.status),
            false,
            `${says}: ${got.status} ${got.text}`,
          );
          continue;
        }
        const [answer, missing] = [await there(), await nowhere()];
        const status: number = role === 'operator' && takes.includes('own') ? 404 : 403;
        assert.equal(answer.status, status, `${says}: ${answer.text}`);
        assert.equal(
          answer.text,
          missing.text.replace('nowhere', 'mine'),
          `${says}: what is there and what is not differ`,
        );
      }
    }
  },
);

type Answer = Awaited<ReturnType<Fixture['call']>>;

/** `GET /v1/x/:id`, as the router itself has them. */
async function routesOf(f: Fixture): Promise<string[]> {
  await f.master.app.ready();
  const found: string[] = [];
  const above: string[] = [];
  for (const line of f.master.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', part = '', methods = ''] =
      /^([│ ]*)[├└]── (\S+) \(([A-Z, ]+)\)/u.exec(line) ?? [];
    if (part === '') continue;
    above.splice(indent.length / 4);
    const path = above.join('') + part;
    above.push(part === '/' ? '/' : part);
    for (const method of methods.split(', ')) {
      if (method !== 'HEAD') found.push(`${method} ${path}`);
    }
  }
  return found.map((route) => route.replace('//', '/'));
}
