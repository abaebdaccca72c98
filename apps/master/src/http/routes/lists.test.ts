import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';

const PLACES = { 'de.example.org': 'DE', 'nz.example.org': 'NZ', 'stale.example.org': 'DE' };
const [DE, NZ] = ['https://de.example.org/debian/', 'https://nz.example.org/debian/'];

/** Three mirrors of one release: two were seen with it. */
async function published(f: Fixture): Promise<number> {
  await f.addArchive();
  for (const [name, country] of Object.entries(PLACES)) {
    await f.addMirror(name, { httpUrl: `https://${name}/debian/`, country });
  }
  const { serial } = await f.publish();
  const direct = new Database(`${f.config.state}/master.sqlite`);
  direct
    .prepare(
      "update mirror_archive set observed_serial = ?, observed_at = ? where mirror not like 'stale%'",
    )
    .run(serial, f.clock.now.toISOString());
  direct.close();
  f.clock.now = new Date(f.clock.now.getTime() + 20_000);
  return serial;
}
const get = (f: Fixture, url: string) => f.call('GET', url, undefined, null);

test('lists have only what was seen fresh, the nearest first, and lead there', async (t) => {
  const f = await createFixture(t);
  await published(f);
  const list = async (url: string) => (await get(f, url)).text.trim().split('\n');
  assert.deepEqual(await list('/lists/debian/plain?country=DE'), [DE, NZ]);
  assert.deepEqual(await list('/lists/debian/plain?country=au'), [NZ, DE]);
  assert.deepEqual(await list('/lists/debian/apt?country=DE'), [
    `${DE}\tpriority:1`,
    `${NZ}\tpriority:2`,
  ]);
  assert.deepEqual(await list('/lists/debian/mirrorlist?country=DE&repo=stable/x86_64/'), [
    `${DE}stable/x86_64/`,
    `${NZ}stable/x86_64/`,
  ]);
  const to = await get(f, '/get/debian/pool/main/a+b/x%20y_1~2.deb?country=DE');
  assert.deepEqual([to.status, to.headers.location], [302, `${DE}pool/main/a+b/x%20y_1~2.deb`]);
  assert.equal((await get(f, '/get/debian?country=NZ')).headers.location, NZ);
  assert.equal((await get(f, '/lists/other/plain')).status, 404);
  f.clock.now = new Date(f.clock.now.getTime() + 48 * 3_600_000);
  assert.equal((await get(f, '/lists/debian/plain')).status, 503, 'nobody looked lately');
});

/** Of networks that have been where they are for decades. */
const CLIENTS = {
  '193.99.144.80': 'DE',
  '2a02:2e0:3fe:1001:302::': 'DE',
  '130.216.1.1': 'NZ',
  '2404:138::1': 'NZ',
};

test('without country= the address of the client says where it is, over IPv4 and IPv6', async (t) => {
  const f = await createFixture(t, (config) => ({
    ...config,
    trust_proxy: ['127.0.0.0/8', '192.0.2.0/24'],
  }));
  await published(f);
  const nearest = async (remoteAddress: string, forwarded?: string) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const { payload } = await f.master.app.inject({
      url: '/lists/debian/plain',
      remoteAddress,
      headers,
    });
    return payload.split('\n')[0];
  };
  for (const [address, country] of Object.entries(CLIENTS)) {
    const wanted = country === 'DE' ? DE : NZ;
    // Those equally near take turns: what comes twice is no chance.
    for (let i = 0; i < 2; i += 1) {
      assert.equal(await nearest(address), wanted, address);
      assert.equal(await nearest('127.0.0.1', address), wanted, `${address} behind a proxy`);
      const chain = `${address}, 192.0.2.7`;
      assert.equal(await nearest('127.0.0.1', chain), wanted, `${address} behind two`);
      const forged = country === 'DE' ? '130.216.1.1' : '193.99.144.80';
      assert.equal(await nearest(address, forged), wanted, 'a stranger says nothing of others');
      const prefixed = `${forged}, ${address}`;
      assert.equal(await nearest('127.0.0.1', prefixed), wanted, 'nor what it sends ahead');
    }
  }
  const turns = new Set([await nearest('192.168.1.1'), await nearest('192.168.1.1')]);
  assert.deepEqual(turns, new Set([DE, NZ]), 'of an inner address nobody knows where it is');
  assert.equal((await nearest('193.99.144.80', 'x, <script>, ::::')) ?? '', DE);
});

test('what is hostile gets one sentence and the right status, on every public route', async (t) => {
  const f = await createFixture(t);
  const serial = await published(f);
  await f.master.app.ready();
  const { paths } = (await get(f, '/v1/openapi.json')).body as {
    paths: Record<string, { get?: { security?: unknown } }>;
  };
  const open = Object.entries(paths).flatMap(([path, { get: its }]) =>
    its === undefined || its.security !== undefined || path === '/v1/events' ? [] : [path],
  );
  const pages = [
    '/',
    '/archives/{archive}',
    '/archives/{archive}/releases/{serial}',
    '/mirrors/{mirror}',
  ];
  assert.equal(open.length > 25, true, open.join(' '));
  const good: Record<string, string> = {
    archive: 'debian',
    mirror: 'de.example.org',
    serial: String(serial),
    '*': 'dists/Release',
  };
  const fill = (path: string, name = '', value = '') =>
    path.replaceAll(/\{([^}]+)\}/g, (_, one: string) =>
      one === name ? value : (good[one] ?? 'x'),
    );
  let asked = 0;
  const ask = async (url: string) => {
    // Each a minute later: a stranger may not ask so much at once.
    if ((asked += 1) % 500 === 0) f.clock.now = new Date(f.clock.now.getTime() + 61_000);
    const remoteAddress = `198.18.${(asked >> 8) & 255}.${asked & 255}`;
    const answer = await f.master.app.inject({ url, remoteAddress });
    const { statusCode: status, payload, headers } = answer;
    assert.equal(
      [200, 302, 304, 400, 404, 414, 422, 503].includes(status),
      true,
      `${url} ${status}`,
    );
    const to = String(headers.location ?? DE);
    assert.equal(
      [DE, NZ].some((one) => to.startsWith(one)),
      true,
      `${url} leads to ${to}`,
    );
    assert.doesNotMatch(to, /\.\.|[\r\n]|%0d/i, url);
    if (status < 400) return status;
    assert.doesNotMatch(payload, /\n\s+at |sqlite|\/root|\/home/i, url);
    if (!String(headers['content-type']).startsWith('application/json')) return status;
    const { error } = answer.json<{ error: { message: string } }>();
    assert.equal(error.message.length > 5 && error.message.length < 400, true, payload);
    return status;
  };
  for (const path of [...open, ...pages]) {
    for (const [, name = ''] of path.matchAll(/\{([^}]+)\}/g)) {
      for (const value of VALUES) {
        const status = await ask(fill(path, name, value));
        if (name !== '*') assert.equal(status >= 400, true, `${path} ${name} ${value}: ${status}`);
      }
    }
    for (const query of QUERIES) await ask(`${fill(path)}?${query}`);
  }
  for (const [url, status] of REFUSED) assert.equal(await ask(url), status, url);
});

const VALUES = [
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%2f%2fevil.example%2f',
  '%00',
  '%0d%0aLocation:%20http:%2f%2fevil.example',
  '%5c%5cevil.example',
  '%ff%fe',
  '%E2%80%AE',
  '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  "'%20or%201=1--",
  '__proto__',
  '-1',
  '1e999',
  'a'.repeat(3000),
];
const QUERIES = [
  'country=XX',
  'country=../..',
  'country=DE&country=US',
  'country[]=DE',
  'country=%00',
  'page=99999999999999999999',
  'page=-1',
  'page=1e9',
  'limit=100000',
  'limit=NaN',
  'before=%27',
  'before=1e400',
  'before=2026-13-41T00:00:00Z',
  'after=%00%ff',
  `after=${'z'.repeat(5000)}`,
  'repo=//evil.example/',
  'repo=../../..',
  'repo=javascript:alert(1)',
  'archive=nothing',
  'archive=__proto__',
  'state=%3Cscript%3E',
  'sort=__proto__&q=%00',
  'x='.repeat(1000),
];
/** What is wrong is said to be wrong, and not passed over. */
const REFUSED: [string, number][] = [
  ['/lists/debian/plain?country=DEU', 400],
  ['/lists/debian/plain?country=D%00', 400],
  ['/lists/debian/mirrorlist?repo=//evil.example/', 400],
  ['/lists/debian/metalink?repo=../..', 400],
  ['/lists/debian/metalink?repo=nowhere', 404],
  ['/get/debian/..%2f..%2fetc%2fpasswd', 422],
  ['/get/debian/a%2f%2e%2e%2fb', 422],
  ['/get/debian/a%00b', 422],
  ['/v1/public/mirrors?page=0', 400],
  ['/v1/public/mirrors?page=100001', 400],
  ['/v1/public/mirrors?limit=1001', 400],
  ['/v1/public/mirrors?state=nothing', 400],
  ['/v1/public/mirrors?archive=nothing', 404],
  ['/v1/public/changes?before=x', 400],
  ['/v1/public/archives/debian/releases?before=9007199254740993', 400],
  ['/v1/public/archives/nothing/releases', 404],
  ['/v1/public/archives/debian/releases/1', 404],
  ['/v1/public/archives/debian/releases/x', 400],
  ['/v1/public/mirrors/nobody', 404],
  ['/v1/public/mirrors/de.example.org/sums', 400],
  ['/v1/public/mirrors/de.example.org/sums?archive=debian&before=yesterday', 400],
  ['/v1/public/mirrors/de.example.org/sums?archive=debian', 200],
  ['/feed.atom?page=-1', 200],
];
