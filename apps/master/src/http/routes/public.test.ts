import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { z } from 'zod';
import type { Overview } from '../../monitor/overview.ts';
import { atomOf } from './atom.ts';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';
import {
  publicArchivesSchema,
  publicReceiptsSchema,
  publicReleasePageSchema,
  publicReleasesSchema,
} from '../public-archive.ts';
import { publicMirrorPageSchema } from '../public-mirror.ts';
import { mirrorzOf } from './mirrorz.ts';
import { publicMirrorsSchema } from '../public-standing.ts';
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

  const [archive] = publicArchivesSchema.parse((await get(f, '/v1/public/archives')).body).archives;
  assert.deepEqual([archive?.release?.serial, archive?.reporting], [serial, 3]);
  const whole = await get(f, `/v1/public/archives/debian/releases/${serial}`);
  assert.equal(publicReleasePageSchema.parse(whole.body).propagation?.mirrors, 3);
  publicReceiptsSchema.parse(receipts.body);
  const told = publicMirrorPageSchema.parse((await get(f, '/v1/public/mirrors/near')).body);
  const figures = told.archives[0]?.figures.map(({ name, means }) => [name, means.length > 20]);
  const { figures: all } = (await get(f, '/v1/public/definitions')).body as {
    figures: { name: string }[];
  };
  assert.deepEqual(
    figures,
    all.filter(({ name }) => name !== 'propagation').map(({ name }) => [name, true]),
  );
  const { paths } = (await get(f, '/v1/openapi.json')).body as {
    paths: Record<string, Record<string, { description?: string; responses?: object }>>;
  };
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { description = '', responses = {} }] of Object.entries(operations)) {
      assert.equal(description.length >= 8, true, `${method} ${path} is described`);
      const known = Object.keys(responses);
      assert.equal(known.includes('default') && known.length > 1, true, `${method} ${path}`);
    }
  }

  const again = await f.master.app.inject({
    url: '/v1/public/archives/debian/releases',
    headers: { 'if-none-match': String(releases.headers.etag), 'accept-encoding': 'br' },
  });
  assert.deepEqual([again.statusCode, again.payload], [304, '']);
  const page = await f.master.app.inject({ url: '/', headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(page.headers['content-encoding'], 'br');
});

test('metrics, badges, feeds and the joint page say the same as the page', async (t) => {
  const f = await createFixture(t);
  const serial = await published(f);
  const metrics = (await get(f, '/metrics')).text;
  assert.match(metrics, new RegExp(`pushmirror_release_serial\\{archive="debian"\\} ${serial}\n`));
  assert.match(metrics, /pushmirror_mirror_seen_serial\{archive="debian",mirror="near"\} \d/);
  assert.doesNotMatch(metrics, /seen_serial\{archive="debian",mirror="stale"/);
  const alerts = await readFile(
    new URL('../../../../../config/prometheus-alerts.yml', import.meta.url),
    'utf8',
  );
  const named = new Set(alerts.match(/pushmirror_\w+/g));
  assert.equal(named.size >= 8, true, [...named].join(' '));
  for (const one of named) assert.match(metrics, new RegExp(`^# TYPE ${one} gauge$`, 'm'), one);
  for (const url of ['/badge.svg', '/archives/debian/badge.svg', '/mirrors/near/badge.svg']) {
    assert.match((await get(f, url)).text, /^<svg xmlns/, url);
  }
  assert.equal((await get(f, '/mirrors/none/badge.svg')).status, 404);
  for (const url of ['/feed.atom', '/archives/debian/feed.atom']) {
    const { headers, text } = await get(f, url);
    assert.match(String(headers['content-type']), /^application\/atom\+xml/);
    const { entries, ids } = readAtom(text);
    assert.equal(entries[0], `debian ${serial} is published`, url);
    assert.equal(new Set(ids).size, ids.length, 'each entry has an id of its own');
    later(f, 60_000);
    assert.deepEqual(readAtom((await get(f, url)).text).ids, ids, 'and keeps it');
  }
  readAtom((await get(f, '/mirrors/near/feed.atom')).text);
  const joint = mirrorzFormat.parse((await get(f, '/mirrorz.json')).body);
  assert.equal(joint.mirrors[0]?.cname, 'debian');
  assert.match(joint.mirrors[0]?.status ?? '', /^[SY]\d{10}$/);
  const led = await get(f, `${joint.mirrors[0]?.url}/dists/Release`);
  assert.equal(led.status, 302, 'a path behind its URL is one that can be had');
  assert.equal((await get(f, joint.mirrors[0]?.help ?? '')).status, 200);
  const csv = (await get(f, '/v1/public/mirrors.csv')).text.split('\r\n');
  assert.equal(csv.length, 5, 'a head, three mirrors, and the end of the last line');
  const [head, row] = (await get(f, '/v1/public/archives/debian/releases.csv')).text.split('\r\n');
  assert.match(head ?? '', /^archive,serial,publishedAt,.*,p50,p90,p95,p100$/);
  assert.match(row ?? '', new RegExp(`^debian,${serial},`));
});

test('answers with a token have an ETag and come packed too; pages behind a login do not', async (t) => {
  const f = await createFixture(t);
  await published(f);
  const ask = (url: string, headers: Record<string, string> = {}) =>
    f.master.app.inject({
      url,
      headers: { authorization: `Bearer ${f.adminToken}`, ...headers },
    });
  for (const url of ['/v1/mirrors', '/v1/audit', '/v1/rollouts', '/v1/openapi.json']) {
    const plain = await ask(url);
    const etag = String(plain.headers.etag);
    assert.match(etag, /^"[\w-]{22}"$/, url);
    assert.equal(plain.headers['cache-control'], 'private, no-cache', url);
    const packed = await ask(url, { 'accept-encoding': 'gzip;q=0, br' });
    const isLarge = plain.rawPayload.length >= 512;
    assert.equal(packed.headers['content-encoding'], isLarge ? 'br' : undefined, url);
    if (isLarge) assert.equal(brotliDecompressSync(packed.rawPayload).toString(), plain.payload);
    for (const known of [etag, String(packed.headers.etag), `"x", W/${etag}`]) {
      const again = await ask(url, { 'if-none-match': known });
      assert.deepEqual([again.statusCode, again.payload], [304, ''], `${url} ${known}`);
    }
    const other = await ask(url, { 'if-none-match': '"other"' });
    assert.equal(other.statusCode, 200, url);
  }
  const listed = await ask('/v1/mirrors');
  await f.addMirror('new', { httpUrl: 'https://new.example.org/debian/' });
  assert.notEqual((await ask('/v1/mirrors')).headers.etag, listed.headers.etag);
  const desk = await f.master.app.inject({ url: '/desk', headers: { 'accept-encoding': 'br' } });
  assert.equal(desk.headers['content-encoding'], undefined);
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

test('cells, badges and feeds keep what is hostile in its place', () => {
  const at = new Date('2026-11-21T09:00:00Z');
  const bad = ']]><script>alert(1)</script>\u0000\u202e&';
  const incidents = [{ id: 'x/1', at, title: bad, text: bad, path: '/' }];
  const feed = { network: 'n', title: bad, path: '/', url: 'https://p.example', incidents };
  const xml = atomOf(feed);
  assert.doesNotMatch(xml, /<script|\0|\u202e/);
  assert.deepEqual(readAtom(xml).entries.length, 1);
  assert.equal(csvOf([{ a: '=1+1', b: 'x,"y"\n', c: null }]), 'a,b,c\r\n\'=1+1,"x,""y""\n",\r\n');
  const svg = badge('<script>', '"onload=x&', 'bad');
  assert.doesNotMatch(svg, /<script>|"onload/);
});

/** An Atom feed as a real XML parser reads it, with all that RFC 4287 demands of it. */
function readAtom(xml: string): { entries: string[]; ids: string[] } {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', ATOM], { input: xml });
  assert.equal(status, 0, String(stderr));
  return JSON.parse(String(stdout)) as { entries: string[]; ids: string[] };
}
const ATOM = `
import html, json, sys, xml.etree.ElementTree as tree
from datetime import datetime
atom = '{http://www.w3.org/2005/Atom}'
feed = tree.fromstring(sys.stdin.buffer.read())
assert feed.tag == atom + 'feed', feed.tag
def one(of, name):
    (found,) = of.findall(atom + name)
    assert found.text, name
    return found.text
def check(of):
    datetime.fromisoformat(one(of, 'updated').replace('Z', '+00:00'))
    assert one(of, 'id').startswith('http'), one(of, 'id')
    one(of, 'title')
    return of
check(feed)
assert feed.find(atom + 'author/' + atom + 'name').text
assert [l.get('href') for l in feed.findall(atom + 'link') if l.get('rel') == 'self']
entries = [check(e) for e in feed.findall(atom + 'entry')]
assert all(e.find(atom + 'link').get('href') for e in entries)
times = [one(e, 'updated') for e in entries]
assert times == sorted(times, reverse=True), times
titles = [html.unescape(one(e, 'title')) for e in entries]
json.dump({'entries': titles, 'ids': [one(e, 'id') for e in entries]}, sys.stdout)
`;

function later(f: Fixture, ms: number): void {
  f.clock.now = new Date(f.clock.now.getTime() + ms);
}

/** The data format 1.7 of https://github.com/mirrorz-org/mirrorz, as its README has it. */
const ofSite = z.string().regex(/^(https?:\/\/|\/).*[^/]$/, { error: 'no slash at its end' });
const mirrorzFormat = z.strictObject({
  version: z.literal(1.7).optional(),
  site: z.object({
    url: z.url().regex(/[^/]$/),
    abbr: z.string().min(1),
    name: z.string().optional(),
    homepage: z.url().optional(),
    disable: z.boolean().optional(),
  }),
  info: z.array(
    z.object({
      distro: z.string(),
      category: z.string(),
      urls: z.array(z.object({ name: z.string(), url: z.string() })),
    }),
  ),
  mirrors: z.array(
    z.object({
      cname: z.string().min(1),
      desc: z.string(),
      url: ofSite,
      // One main status with an optional time, any number of others.
      status: z.string().regex(/^([XNO]\d*)*([SDYFP]\d*|[CRU])([XNO]\d*)*$/),
      help: ofSite.or(z.literal('')),
      upstream: z.string(),
      size: z.string(),
    }),
  ),
});

test('the joint page is told the truth in its own format, whatever state an archive is in', () => {
  const release = { serial: 7, files: 1, bytes: 1.5e9, published_at: '2026-11-21T09:00:00Z' };
  const archive = (name: string, more: object) =>
    ({ name, release, rollout: null, reporting: 2, current: 2, mirrors: [], ...more }) as unknown;
  const held = { release: { held_at: '2026-11-21T10:00:00Z' } };
  const archives = [
    archive('a', {}),
    archive('b', { current: 1 }),
    archive('c', { release: null }),
    archive('d', { rollout: held }),
  ] as Overview['archives'];
  const told = mirrorzFormat.parse(mirrorzOf({ archives }, 'example', 'https://p.example/'));
  assert.deepEqual(
    told.mirrors.map(({ status }) => status),
    ['S1795251600', 'Y1795251600', 'U', 'P1795255200O1795251600'],
  );
});
