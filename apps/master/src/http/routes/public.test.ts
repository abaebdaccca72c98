import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';
import { publicMirrorsSchema, publicReleasesSchema } from '../public-json.ts';
import { csvOf } from '../csv.ts';
import { badge } from '../badge.ts';

/** Two mirrors of one release: one was seen with it. */
async function published(f: Fixture): Promise<number> {
  await f.addArchive();
  await f.addMirror('near', { httpUrl: 'https://near.example.org/debian/', country: 'DE' });
  await f.addMirror('far', { httpUrl: 'https://far.example.org/debian', country: 'NZ' });
  await f.addMirror('stale', { httpUrl: 'https://stale.example.org/debian/', country: 'DE' });
  const { serial } = await f.publish();
  const direct = new Database(`${f.config.state}/master.sqlite`);
  direct
    .prepare(
      "update mirror_archive set observed_serial = ?, observed_at = ? where mirror != 'stale'",
    )
    .run(serial, f.clock.now.toISOString());
  direct.close();
  f.clock.now = new Date(f.clock.now.getTime() + 20_000);
  return serial;
}
const get = (f: Fixture, url: string) => f.call('GET', url, undefined, null);

test('what the pages show is there as data, in pages, with ETag and packed', async (t) => {
  const f = await createFixture(t);
  const serial = await published(f);
  const { body } = await get(f, '/v1/public/mirrors?limit=2');
  const first = publicMirrorsSchema.parse(body);
  assert.deepEqual([first.total, first.mirrors.length, first.next], [3, 2, 2]);
  const rest = publicMirrorsSchema.parse((await get(f, '/v1/public/mirrors?limit=2&page=2')).body);
  assert.deepEqual([rest.mirrors.length, rest.next], [1, null]);
  const [far] = first.mirrors;
  assert.equal(far?.seen?.serial, serial);
  const one = publicMirrorsSchema.parse((await get(f, '/v1/public/mirrors?country=NZ')).body);
  assert.deepEqual(
    one.mirrors.map(({ mirror }) => mirror),
    ['far'],
  );

  const releases = await get(f, '/v1/public/archives/debian/releases');
  assert.equal(publicReleasesSchema.parse(releases.body).releases[0]?.serial, serial);
  const receipts = await get(f, `/v1/public/archives/debian/releases/${serial}/mirrors`);
  assert.doesNotMatch(receipts.text, /sender/);

  const again = await f.master.app.inject({
    url: '/v1/public/archives/debian/releases',
    headers: { 'if-none-match': String(releases.headers.etag), 'accept-encoding': 'br' },
  });
  assert.deepEqual([again.statusCode, again.payload], [304, '']);
  const page = await f.master.app.inject({ url: '/', headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(page.headers['content-encoding'], 'br');
});

test('lists have only what was seen fresh, the nearest first, and lead there', async (t) => {
  const f = await createFixture(t);
  await published(f);
  const [near, far] = ['https://near.example.org/debian/', 'https://far.example.org/debian/'];
  const list = async (url: string) => (await get(f, url)).text.trim().split('\n');
  assert.deepEqual(await list('/lists/debian/plain?country=DE'), [near, far]);
  assert.deepEqual(await list('/lists/debian/plain?country=au'), [far, near]);
  assert.deepEqual(await list('/lists/debian/apt?country=DE'), [
    `${near}\tpriority:1`,
    `${far}\tpriority:2`,
  ]);
  const to = await get(f, '/get/debian/pool/main/a+b/x%20y_1~2.deb?country=DE');
  assert.deepEqual([to.status, to.headers.location], [302, `${near}pool/main/a+b/x%20y_1~2.deb`]);
  for (const path of ['..%2f..%2fetc', '../x', 'a/..%2fb', '%0d%0aLocation:x', 'a/./%2e%2e/b']) {
    const { status, headers } = await get(f, `/get/debian/${path}`);
    const where = typeof headers.location === 'string' ? headers.location : near;
    assert.equal(
      status === 422 || status === 404 || where.startsWith(near) || where.startsWith(far),
      true,
      path,
    );
    assert.doesNotMatch(where, /\.\.|[\r\n]/, path);
  }
  assert.equal((await get(f, '/lists/other/plain')).status, 404);
  f.clock.now = new Date(f.clock.now.getTime() + 48 * 3_600_000);
  assert.equal((await get(f, '/lists/debian/plain')).status, 503, 'nobody looked lately');
});

test('metrics, badges, feeds and the joint page say the same as the page', async (t) => {
  const f = await createFixture(t);
  const serial = await published(f);
  const metrics = (await get(f, '/metrics')).text;
  assert.match(metrics, new RegExp(`pushmirror_release_serial\\{archive="debian"\\} ${serial}\n`));
  assert.match(metrics, /pushmirror_mirror_seen_serial\{archive="debian",mirror="near"\} \d/);
  assert.doesNotMatch(metrics, /seen_serial\{archive="debian",mirror="stale"/);
  for (const url of ['/badge.svg', '/archives/debian/badge.svg', '/mirrors/near/badge.svg']) {
    assert.match((await get(f, url)).text, /^<svg xmlns/, url);
  }
  assert.equal((await get(f, '/mirrors/none/badge.svg')).status, 404);
  for (const url of ['/feed.atom', '/archives/debian/feed.atom']) {
    assert.match((await get(f, url)).text, new RegExp(`debian ${serial} is published`), url);
  }
  assert.equal((await get(f, '/mirrors/near/feed.atom')).status, 200);
  const { mirrors } = (await get(f, '/mirrorz.json')).body as {
    mirrors: { cname: string; status: string }[];
  };
  assert.equal(mirrors[0]?.cname, 'debian');
  assert.match(mirrors[0]?.status ?? '', /^[SY]\d{10}$/);
  const csv = (await get(f, '/v1/public/mirrors.csv')).text.split('\r\n');
  assert.equal(csv.length, 5, 'a head, three mirrors, and the end of the last line');
});

test('pages that are not there say so in a page; those that are need no token', async (t) => {
  const f = await createFixture(t);
  const serial = await published(f);
  for (const url of [
    '/',
    '/archives/debian',
    `/archives/debian/releases/${serial}`,
    '/mirrors/near',
  ]) {
    const { status, text } = await get(f, url);
    assert.equal(status, 200, url);
    assert.match(text, /<\/html>\s*$/, url);
  }
  for (const url of ['/archives/x', '/archives/debian/releases/7', '/mirrors/%3Cscript%3E']) {
    const { status, text } = await get(f, url);
    assert.equal(status, 404, url);
    assert.match(text, /There is no such/, url);
  }
});

test('the front page is for everybody at once; views of it that are work are counted', async (t) => {
  const f = await createFixture(t);
  const ask = async (url: string) => (await f.master.app.inject({ url })).statusCode;
  for (let i = 0; i < 1_210; i += 1) assert.equal(await ask('/'), 200);
  let refused = 0;
  for (let i = 0; i < 1_210; i += 1) refused += (await ask('/?q=x')) === 429 ? 1 : 0;
  assert.equal(refused >= 5, true, String(refused));
});

test('cells and badges keep what is hostile in its place', () => {
  assert.equal(csvOf([{ a: '=1+1', b: 'x,"y"\n', c: null }]), 'a,b,c\r\n\'=1+1,"x,""y""\n",\r\n');
  const svg = badge('<script>', '"onload=x&', 'bad');
  assert.doesNotMatch(svg, /<script>|"onload/);
});
