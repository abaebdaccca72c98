import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { SMTPServer } from 'smtp-server';
import type { MasterConfig } from '../config.ts';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';
import { signedHeaders } from './sign.ts';

const HOUR = 3_600_000;
const MIRROR = 'mirror.example.org';

interface Received {
  to: string[];
  /** Unfolded, as one text. */
  head: string;
  body: string;
}

/** A real SMTP server on loopback; `refuse` decides about each recipient or mail. */
async function mailServer(
  t: TestContext,
  refuse: { rcpt?: () => Error | undefined; data?: () => Error | undefined } = {},
  tls?: { key: Buffer; cert: Buffer; password: string },
) {
  const mails: Received[] = [];
  const server = new SMTPServer({
    ...(tls === undefined
      ? { authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] }
      : { key: tls.key, cert: tls.cert }),
    onAuth: ({ username = '', password }, session, done) =>
      session.secure && password === tls?.password
        ? done(null, { user: username })
        : done(new Error('wrong password')),
    onRcptTo: (_address, _session, done) => done(refuse.rcpt?.()),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const [head = '', ...rest] = text.split('\r\n\r\n');
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const body = unquoted(rest.join('\n\n').replaceAll('\r\n', '\n'), head);
        mails.push({ to, head: head.replaceAll(/\r\n[ \t]+/g, ' '), body });
        done(refuse.data?.());
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails };
}

function unquoted(body: string, head: string): string {
  if (!/quoted-printable/i.test(head)) return body;
  const bytes = body
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A real receiver of webhooks; `answer` gives the status of each call. */
async function hookServer(t: TestContext, answer: (call: number) => number = () => 204) {
  const calls: { headers: IncomingHttpHeaders; body: string; url: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, url = '' } = request;
      calls.push({ headers, body: Buffer.concat(chunks).toString('utf8'), url });
      const status = answer(calls.length);
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, calls };
}

interface Site extends Fixture {
  /** Let time pass, look at the mirror, and see to the notices. */
  look(state: string, afterMs?: number, more?: object): Promise<void>;
  pass(ms: number): Promise<void>;
  sql(text: string, ...values: unknown[]): unknown[];
  operator: string;
}

type MailSettings = NonNullable<MasterConfig['mail']>;

async function createSite(
  t: TestContext,
  o: { smtp?: number; mail?: Partial<MailSettings>; allow?: string[]; limits?: object } = {},
) {
  const f = await createFixture(t, (config) => ({
    ...config,
    public_url: 'https://push.example.org',
    registration: { ...config.registration, allow_addresses: o.allow ?? ['127.0.0.0/8'] },
    notices: { ...config.notices, ...o.limits },
    ...(o.smtp === undefined ? {} : { mail: { ...PLAIN_MAIL, port: o.smtp, ...o.mail } }),
  }));
  await f.addArchive();
  await f.addMirror(MIRROR, { contact: 'Mirror team <team@example.org>' });
  await f.publish();
  const { body } = await f.call('POST', '/v1/tokens', {
    role: 'operator',
    label: 'op',
    mirror: MIRROR,
  });
  const db = new Database(join(f.config.state, 'master.sqlite'));
  db.pragma('synchronous = OFF');
  t.after(() => db.close());
  const sql = (text: string, ...values: unknown[]) => {
    const statement = db.prepare(text);
    return statement.reader ? statement.all(...values) : [statement.run(...values)];
  };
  const see = async () => {
    await f.master.notifying.watch();
    await f.master.notifying.deliver();
  };
  await see();
  let last = '';
  let sequence = 0;
  const site: Site = Object.assign(Object.create(f) as Fixture, {
    operator: (body as { token: string }).token,
    sql,
    async pass(ms: number) {
      f.clock.now = new Date(f.clock.now.getTime() + ms);
      await see();
    },
    async look(state: string, afterMs = 10 * 60_000, more: object = {}) {
      f.clock.now = new Date(f.clock.now.getTime() + afterMs);
      const at = f.clock.now.toISOString();
      const row = { ...sighting(state, at), ...more };
      if (state !== last) {
        sequence += 1;
        sql(
          `insert into sight_change (sequence, at, mirror, archive, before_state, state, serial, reason, evidence)
           values (?, ?, ?, 'debian', ?, ?, ?, ?, ?)`,
          sequence,
          at,
          MIRROR,
          last === '' ? null : last,
          state,
          row.serial,
          row.reason,
          row.evidence,
        );
      }
      const since = state === last ? undefined : at;
      last = state;
      const columns = Object.keys(row);
      sql(
        `insert into sighting (${columns.join(', ')}, since) values (${columns.map(() => '?').join(', ')}, ?)
         on conflict do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}
         ${since === undefined ? '' : ', since = excluded.since'}`,
        ...Object.values(row),
        at,
      );
      await see();
    },
  });
  return site;
}

/** A look as the prober writes it down. */
function sighting(state: string, at: string) {
  const answered = state !== 'unreachable';
  const url = `https://${MIRROR}/debian/project/pushmirror/Release.head`;
  const error = answered
    ? null
    : `${MIRROR} port 443: it does not answer over HTTP (ECONNREFUSED).`;
  const came = answered ? { status: 200, sha256: 'a'.repeat(64), bytes: 900 } : NOTHING;
  const evidence = [
    { what: 'head', url, family: 4, at, ms: 12, ...came, expected: null, pastCache: false, error },
  ];
  return {
    mirror: MIRROR,
    archive: 'debian',
    vantage: 'master',
    at,
    state,
    reason: state === 'fresh' ? null : (error ?? `It is ${state}.`),
    serial: answered ? 2026112101 : null,
    lacks: state === 'behind' ? 1 : 0,
    lacks_since: null,
    certificate_until: null,
    endpoints: '[]',
    evidence: JSON.stringify(evidence),
  };
}

const PLAIN_MAIL: MailSettings = { host: '127.0.0.1', tls: 'none', from: 'push@example.org' };
const NOTHING = { status: null, sha256: null, bytes: null };

async function subscribeMail(
  s: Site,
  more: object = {},
  mail = 'team@example.org',
): Promise<string> {
  const body = { mail, ...more };
  const made = await s.call('POST', `/v1/mirrors/${MIRROR}/notices`, body, s.adminToken);
  assert.equal(made.status, 201, made.text);
  return (made.body as { subscription: { id: string } }).subscription.id;
}

async function outage(s: Site): Promise<void> {
  await s.look('fresh');
  for (let i = 0; i < 5; i += 1) await s.look('unreachable');
}

test('an outage is one mail with the evidence, and its end is another in the same thread', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port });
  await subscribeMail(s);
  await s.look('fresh');
  await s.look('unreachable');
  await s.look('unreachable');
  await s.look('fresh');
  assert.equal(mails.length, 0, 'a blip is no news');
  for (let i = 0; i < 8; i += 1) await s.look('unreachable');
  assert.equal(mails.length, 1, 'once');
  const [mail] = mails;
  assert.deepEqual(mail?.to, ['team@example.org']);
  assert.match(mail.head, /^Subject: \[example\] mirror\.example\.org: debian not reachable$/m);
  assert.match(mail.head, /^From: pushmirror <push@example\.org>$/m);
  assert.match(mail.head, /^Auto-Submitted: auto-generated$/m);
  for (const evidence of [
    'State:      not reachable',
    'Since:      2026-11-21 09:50 UTC',
    'does not answer over HTTP (ECONNREFUSED)',
    `Looked at:  https://${MIRROR}/debian/project/pushmirror/Release.head`,
    'Newest:     release 2026112100',
    'More: https://push.example.org/mirrors/mirror.example.org',
    'To stop: mirror-agent notices --remove',
  ]) {
    assert.equal(mail.body.includes(evidence), true, `${evidence}\n${mail.body}`);
  }
  for (let i = 0; i < 6; i += 1) await s.look('fresh');
  assert.equal(mails.length, 2);
  assert.match(mails[1]?.head ?? '', /^Subject: .*debian is back \(fresh\)$/m);
  const id = /^Message-ID: (<msg_\S+@ftp\.example\.org>)$/m.exec(mail.head)?.[1];
  assert.equal(/^In-Reply-To: (\S+)$/m.exec(mails[1]?.head ?? '')?.[1], id);
  await s.pass(48 * HOUR);
  assert.equal(mails.length, 2, 'nothing is told again');
});

test('a mail that was on its way when the master died is sent again under its id; one that was noted is not', async (t) => {
  let broken = true;
  const again = () =>
    broken ? Object.assign(new Error('busy'), { responseCode: 451 }) : undefined;
  const { port, mails } = await mailServer(t, { data: again });
  const s = await createSite(t, { smtp: port });
  await subscribeMail(s);
  await outage(s);
  const before = mails.length;
  assert.equal(before > 0, true, 'it was taken, and the server did not say so');
  const { text } = await s.call('GET', '/metrics', undefined, null);
  const stuck = Number(/^pushmirror_notice_stuck_seconds (\S+)$/m.exec(text)?.[1]);
  assert.equal(stuck > 0, true, 'an administrator is alerted');
  await s.master.destroy();
  broken = false;
  await s.again();
  await s.pass(5 * 60_000);
  assert.equal(mails.length, before + 1);
  const ids = mails.map(({ head }) => /^Message-ID: (\S+)$/m.exec(head)?.[1]);
  assert.equal(new Set(ids).size, 1, 'the receiver can tell');
  await s.master.destroy();
  await s.again();
  await s.pass(HOUR);
  assert.equal(mails.length, before + 1, 'once it is noted it is not sent again');
});

test('a refused recipient is given up and shown; retry and a test notice send at once; old rows are forgotten', async (t) => {
  let refused = false;
  const no = () =>
    refused ? Object.assign(new Error('no such user'), { responseCode: 550 }) : undefined;
  const { port, mails } = await mailServer(t, { rcpt: no });
  const s = await createSite(t, { smtp: port });
  const id = await subscribeMail(s);
  refused = true;
  await outage(s);
  const outbox = async (query = '') =>
    (await s.call('GET', `/v1/notices/outbox${query}`)).body as {
      waiting: number;
      deliveries: { id: string; state: string; error: string | null; attempts: number }[];
    };
  const [failed] = (await outbox()).deliveries;
  assert.deepEqual([failed?.state, failed?.attempts], ['failed', 1]);
  assert.match(failed?.error ?? '', /no such user/);
  refused = false;
  const retried = await s.call('POST', `/v1/notices/outbox/${failed?.id}/retry`);
  assert.equal(retried.status, 200, retried.text);
  await s.pass(1000);
  assert.equal(mails.length, 1);
  assert.equal((await outbox('?state=sent')).deliveries.length, 1);
  assert.equal((await s.call('POST', `/v1/notices/outbox/${failed?.id}/retry`)).status, 422);
  const test = await s.call('POST', `/v1/notices/${id}/test`);
  assert.equal(test.status, 202, test.text);
  await s.pass(1000);
  assert.match(mails[1]?.head ?? '', /a test notice for mirror mirror\.example\.org/);
  await s.pass(100 * 24 * HOUR);
  assert.deepEqual(await outbox(), { waiting: 0, deliveries: [] }, 'old ones are forgotten');
});

test('an address hears nothing before its code came back, and nobody is flooded with codes', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port });
  const path = `/v1/mirrors/${MIRROR}/notices`;
  const ask = (mail: string) => s.call('POST', path, { mail }, s.operator);
  const made = await ask('');
  assert.equal(made.status, 201, made.text);
  const { subscription } = made.body as {
    subscription: Record<'id' | 'state' | 'address', string>;
  };
  assert.deepEqual([subscription.state, subscription.address], ['proving', 'team@example.org']);
  await outage(s);
  assert.equal(mails.length, 1, 'the code, and no notice');
  const code = /^ {4}([A-Z2-9]{8})$/m.exec(mails[0]?.body ?? '')?.[1] ?? '';
  assert.match(mails[0]?.body ?? '', new RegExp(`notices --confirm ${subscription.id}:${code}`));
  const confirm = (given: string) =>
    s.call('POST', `${path}/${subscription.id}/confirm`, { code: given }, s.operator);
  assert.equal((await confirm('WRONGONE')).status, 422);
  const done = await confirm(code.toLowerCase());
  assert.equal(done.status, 200, done.text);
  for (let i = 0; i < 6; i += 1) await s.look('fresh');
  assert.equal(mails.length, 1, 'who was not told that it went hears nothing of its return');
  await outage(s);
  assert.equal(mails.length, 2);

  const victim = () => ask('victim@example.net');
  assert.deepEqual(
    [(await victim()).status, (await victim()).status, (await victim()).status],
    [201, 201, 201],
  );
  assert.equal((await victim()).status, 429);
  await s.pass(1000);
  assert.equal(mails.filter(({ to }) => to[0] === 'victim@example.net').length <= 3, true);
  for (const bad of ['a@x.example, b@x.example', 'a@x.example\r\nBcc: b@x.example']) {
    assert.equal((await ask(bad)).status, 422, bad);
  }
  const other = await s.call('GET', path, undefined, s.operator);
  assert.equal((other.body as { subscriptions: unknown[] }).subscriptions.length, 2);
  const tries = await Promise.all(Array.from({ length: 12 }, () => confirm('AAAAAAAA')));
  assert.equal(
    tries.every(({ status }) => status === 422),
    true,
  );
});

test('quiet hours and digests: what waited comes in one mail', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port });
  const quiet = { from: '09:00', to: '17:00' };
  await subscribeMail(s, { quiet, zone: 'UTC' });
  await subscribeMail(s, { digest: 'daily', zone: 'Europe/Berlin' }, 'daily@example.org');
  await outage(s);
  for (let i = 0; i < 6; i += 1) await s.look('fresh');
  assert.equal(mails.length, 0);
  s.clock.now = new Date('2026-11-21T16:59:00Z');
  await s.pass(0);
  assert.equal(mails.length, 0);
  await s.pass(61_000);
  assert.deepEqual(
    mails.map(({ to }) => to),
    [['team@example.org']],
  );
  assert.match(mails[0]?.head ?? '', /^Subject: \[example\] 2 notices$/m);
  const body = mails[0]?.body ?? '';
  assert.equal(body.indexOf('1. mirror.example.org: debian not reachable') >= 0, true, body);
  assert.equal(body.indexOf('2. mirror.example.org: debian is back') >= 0, true, body);
  s.clock.now = new Date('2026-11-22T06:59:00Z');
  await s.pass(0);
  assert.equal(mails.length, 1);
  await s.pass(61_000);
  assert.deepEqual(mails[1]?.to, ['daily@example.org']);
});

test('in maintenance, paused or gone: silence', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port });
  await subscribeMail(s);
  const window = { startsAt: '2026-11-21T09:00:00Z', endsAt: '2026-11-21T15:00:00Z' };
  const added = await s.call('POST', `/v1/mirrors/${MIRROR}/maintenance`, window);
  assert.equal(added.status, 201, added.text);
  await outage(s);
  s.sql(
    "update mirror set quarantined_at = ?, quarantine_by = 'unreached'",
    '2026-11-21T10:00:00.000Z',
  );
  for (let i = 0; i < 20; i += 1) await s.look('unreachable');
  assert.equal(mails.length, 0);
  for (let i = 0; i < 20; i += 1) await s.look('unreachable');
  const subjects = () => mails.map(({ head }) => /^Subject: (.*)$/m.exec(head)?.[1]);
  assert.deepEqual(subjects(), [
    '[example] mirror.example.org is quarantined',
    '[example] mirror.example.org: debian not reachable',
  ]);
  await s.call('POST', `/v1/mirrors/${MIRROR}/pause`, { reason: 'new disks' });
  for (let i = 0; i < 20; i += 1) await s.look('fresh');
  assert.equal(mails.length, 2, 'paused');
  await s.call('POST', `/v1/mirrors/${MIRROR}/leave`, { reason: 'over' });
  await s.pass(HOUR);
  assert.equal(mails.length, 2, 'gone');
  const { subscriptions } = (await s.call('GET', '/v1/notices')).body as {
    subscriptions: { state: string; stateReason: string }[];
  };
  assert.deepEqual(
    subscriptions.map((one) => [one.state, one.stateReason]),
    [['ended', 'The mirror has left.']],
  );
});

test('quarantine and its end, a certificate, and a sync that fails', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port });
  await subscribeMail(s);
  await s.look('fresh', 0, { certificate_until: '2026-12-01T00:00:00.000Z' });
  await s.pass(HOUR);
  const newest = () => mails.at(-1)?.body ?? '';
  assert.match(newest(), /its certificate expires on 2026-12-01\n/);
  s.sql(
    "update mirror set quarantined_at = ?, quarantine_by = 'seen', quarantine_reason = 'Of debian: rolled back'",
    s.clock.now.toISOString(),
  );
  await s.pass(60_000);
  assert.match(newest(), /Why: +Of debian: rolled back/);
  for (let i = 0; i < 6; i += 1) await s.look('rolled-back');
  assert.equal(mails.length, 2, 'the quarantine has said it');
  s.sql('update mirror set quarantined_at = null, quarantine_by = null');
  await s.pass(60_000);
  assert.match(newest(), /is out of quarantine/);
  for (let i = 0; i < 6; i += 1) await s.look('fresh');
  s.sql(
    "update mirror_archive set said_event = 'failed', said_at = ?, said_reason = 'No space left on the disk.'",
    s.clock.now.toISOString(),
  );
  await s.pass(60_000);
  s.sql("update mirror_archive set said_event = 'syncing'");
  await s.pass(40 * 60_000);
  assert.equal(mails.length, 4);
  assert.match(newest(), /its syncs fail/);
  s.sql("update mirror_archive set said_event = 'committed'");
  await s.pass(60_000);
  assert.match(newest(), /its syncs work again/);
  await s.pass(24 * HOUR);
  assert.equal(mails.length, 5);
});

test('a release manager hears that a rollout is held, goes on, and has ended; each once', async (t) => {
  const { url, calls } = await hookServer(t);
  const s = await createSite(t);
  const { body } = await s.call('POST', '/v1/tokens', { role: 'release-manager', label: 'rm' });
  const { token } = body as { token: string };
  const made = await s.call('POST', '/v1/notices', { archive: 'debian', webhook: url }, token);
  assert.equal(made.status, 201, made.text);
  const refused = await s.call('POST', '/v1/notices', { webhook: url }, token);
  assert.equal(refused.status, 422, 'the whole network is for administrators');
  const { serial } = await s.publish();
  await s.call('POST', '/v1/rollouts/debian/halt', { reason: 'looks wrong' });
  await s.pass(1000);
  await s.call('POST', '/v1/rollouts/debian/resume', {});
  await s.pass(1000);
  s.sql("update push set state = 'committed' where serial = ?", serial);
  await s.pass(1000);
  await s.pass(HOUR);
  const got = calls.map(
    (call) => JSON.parse(call.body) as { type: string; data: { serial: number } },
  );
  // The first release's push was superseded by this one.
  assert.deepEqual(
    got.map(({ type, data }) => [type, data.serial]),
    [
      ['rollout.ended', serial - 1],
      ['rollout.held', serial],
      ['rollout.resumed', serial],
      ['rollout.ended', serial],
    ],
  );
  assert.match(calls[1]?.body ?? '', /"reason":"looks wrong"/);
});

test('a webhook is signed, tried again under the same id, and never called inside', async (t) => {
  const { url, calls } = await hookServer(t, (call) => [500, 302, 204, 410][call - 1] ?? 204);
  const s = await createSite(t);
  const path = `/v1/mirrors/${MIRROR}/notices`;
  const made = await s.call('POST', path, { webhook: url, kinds: ['failing'] }, s.operator);
  assert.equal(made.status, 201, made.text);
  const { secret } = made.body as { secret: string };
  await outage(s);
  for (let i = 0; i < 5; i += 1) await s.pass(2 * 60_000);
  assert.equal(calls.length, 3);
  assert.equal(new Set(calls.map(({ body }) => body)).size, 1);
  const ids = calls.map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(
    calls.map((one) => one.url),
    ['/hook', '/hook', '/hook'],
    'no redirect is followed',
  );
  for (const { headers, body } of calls) {
    const at = new Date(Number(headers['webhook-timestamp']) * 1000);
    const { 'webhook-signature': right } = signedHeaders(
      { id: ids[0] as string, body, at },
      secret,
    );
    assert.equal(headers['webhook-signature'], right);
  }
  const told = JSON.parse(calls[0]?.body ?? '') as { type: string; data: Record<string, unknown> };
  assert.equal(told.type, 'mirror.failing');
  assert.equal((told.data['evidence'] as unknown[]).length, 1);
  assert.equal(told.data['page'], 'https://push.example.org/mirrors/mirror.example.org');
  for (let i = 0; i < 6; i += 1) await s.look('fresh');
  assert.equal(calls.length, 4);
  await outage(s);
  assert.equal(calls.length, 4, 'it answered 410: it wants no more');

  for (const bad of [
    { webhook: 'ftp://x.example/' },
    { webhook: 'http://user:pass@x.example/' },
    { webhook: 'http://127.0.0.1:25/' },
    { webhook: 'http://127.1/' },
    { webhook: url, mail: 'a@x.example' },
    { webhook: url, zone: 'Nowhere/Land' },
    { webhook: url, quiet: { from: '07:00', to: '07:00' } },
    { webhook: url, kinds: ['held'] },
    {},
  ]) {
    const answer = await s.call('POST', path, bad, s.operator);
    assert.equal(answer.status, 422, JSON.stringify(bad));
  }

  const strict = await createSite(t, { allow: [] });
  await strict.call('POST', path, { webhook: url }, strict.operator);
  await outage(strict);
  assert.equal(calls.length, 4);
  const { deliveries } = (await strict.call('GET', path, undefined, strict.operator)).body as {
    deliveries: { state: string; error: string }[];
  };
  assert.equal(deliveries[0]?.state, 'failed');
  assert.match(deliveries[0]?.error ?? '', /loopback/);
});

test('a mirror that goes and comes all day is told of a few times, and then in a digest', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port, limits: { a_day: 4 } });
  await subscribeMail(s);
  for (let i = 0; i < 8; i += 1) {
    await outage(s);
    for (let j = 0; j < 4; j += 1) await s.look('fresh');
  }
  assert.equal(mails.length, 4, String(mails.length));
  s.clock.now = new Date('2026-11-22T08:00:01Z');
  await s.pass(0);
  assert.equal(mails.length, 5);
  assert.match(mails[4]?.head ?? '', /^Subject: \[example\] \d+ notices$/m);
});

test('a password goes over TLS to a server that shows the right certificate, and nowhere else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pushmirror-mail-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [key, cert, password] = ['key', 'cert', 'password'].map((name) => join(folder, name));
  const argv = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  const made = spawnSync('openssl', argv.split(' '), { timeout: 20_000 });
  assert.equal(made.status, 0, made.stderr.toString());
  await writeFile(password ?? '', 'secret words\n', { mode: 0o600 });
  const files = { key: await readFile(key ?? ''), cert: await readFile(cert ?? '') };
  const { port, mails } = await mailServer(t, {}, { ...files, password: 'secret words' });
  const login = { tls: 'starttls', user: 'push', password_file: password } as const;
  const s = await createSite(t, { smtp: port, mail: { ...login, ca_file: cert } });
  await subscribeMail(s);
  await outage(s);
  assert.equal(mails.length, 1);

  const stranger = await createSite(t, { smtp: port, mail: login });
  await subscribeMail(stranger);
  await outage(stranger);
  assert.equal(mails.length, 1, 'a certificate that nobody vouches for');
  const { deliveries } = (await stranger.call('GET', '/v1/notices/outbox')).body as {
    deliveries: { state: string; error: string }[];
  };
  assert.equal(deliveries[0]?.state, 'waiting');
  assert.match(deliveries[0]?.error ?? '', /certificate/);
});

test('an hour has room for so many mails; the others follow, none is lost', async (t) => {
  const { port, mails } = await mailServer(t);
  const s = await createSite(t, { smtp: port, limits: { mails_an_hour: 2 } });
  for (const who of ['a', 'b', 'c', 'd', 'e']) await subscribeMail(s, {}, `${who}@example.org`);
  await outage(s);
  assert.equal(mails.length, 2);
  for (let i = 0; i < 5; i += 1) await s.pass(HOUR / 2 + 1);
  const to = new Set(mails.map((mail) => mail.to[0]));
  assert.deepEqual([mails.length, to.size], [5, 5]);
});

test('when most mirrors are out of sight at once, it is not theirs; and the network is told of the rest', async (t) => {
  const { url, calls } = await hookServer(t);
  const s = await createSite(t);
  const made = await s.call('POST', '/v1/notices', { webhook: url, kinds: ['failing'] });
  assert.equal(made.status, 201, made.text);
  const others = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example.org`);
  for (const name of others) await s.addMirror(name);
  const setOthers = (state: string, count: number) => {
    for (const name of others.slice(0, count)) {
      const row = { ...sighting(state, s.clock.now.toISOString()), mirror: name };
      const columns = Object.keys(row);
      s.sql(
        `insert or replace into sighting (${columns.join(', ')}, since) values (${columns.map(() => '?').join(', ')}, ?)`,
        ...Object.values(row),
        row.at,
      );
    }
  };
  setOthers('fresh', 5);
  setOthers('unreachable', 4);
  await outage(s);
  for (let i = 0; i < 10; i += 1) await s.look('unreachable');
  assert.equal(calls.length, 0, '5 of 6');
  setOthers('fresh', 4);
  await s.look('unreachable');
  assert.equal(calls.length, 1);
});
