import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey, sshServer, temporaryFolder } from '@pushmirror/trigger/send/fixtures.test';
import { webServer } from '../../../../libs/net/src/fixtures.test.ts';
import { createFixture } from '../setup/fixture.test.ts';

type Registration = {
  id: string;
  state: string;
  missing: string[];
  challenge: { path: string; text: string };
};
type Begun = { registration: Registration; token: string; operatorToken: string };

/**
 * The network that asks for least: whoever proves a URL and an endpoint is a mirror. Two strangers,
 * each with a web server and an SSH endpoint of their own that lets the master in, try to come to
 * where others would pull from them.
 */
test(
  'two strangers with false credentials become an upstream of nobody',
  { timeout: 120_000 },
  async (t) => {
    const f = await createFixture(t, (config) => ({
      ...config,
      registration: { policy: 'proof', allow_addresses: ['127.0.0.0/8'] },
    }));
    await f.addArchive();

    /** A host: what it shows at its URL, and its SSH endpoint. */
    const host = async () => {
      const pages = new Map<string, string>();
      const web = await webServer(t, '127.0.0.1', (request, response) => {
        const page = pages.get(request.url ?? '');
        response.writeHead(page === undefined ? 404 : 200).end(page);
      });
      const key = newKey(temporaryFolder(t), 'host');
      const { port } = await sshServer(t, { hostKey: key });
      return {
        url: `http://127.0.0.1:${web.port}/debian/`,
        endpoint: { ssh: { host: '127.0.0.1', port, user: 'mirror' }, hostKey: key.line },
        pushKey: newKey(temporaryFolder(t), 'push').line,
        show: ({ registration: { challenge } }: Begun) =>
          pages.set(`/debian/${challenge.path}`, challenge.text),
      };
    };
    type Host = Awaited<ReturnType<typeof host>>;
    const form = (name: string, { url, endpoint, pushKey }: Host) => ({
      name,
      ...endpoint,
      pushKey,
      httpUrl: url,
      rsyncUrl: `rsync://${name}`,
      contact: 'x',
      country: 'DE',
      archives: ['debian'],
    });
    const begin = async (body: object) => {
      const answer = await f.call('POST', '/v1/registrations', body, null);
      return { status: answer.status, begun: answer.body as Begun };
    };
    const check = async ({ registration: { id }, token }: Begun) => {
      f.clock.now = new Date(f.clock.now.getTime() + 10_000);
      const { body } = await f.call('POST', `/v1/registrations/${id}/check`, undefined, token);
      return body as Registration;
    };
    /** Registers; on the way it shows the challenge at its own URL. */
    const register = async (at: Host, body: object) => {
      const { begun } = await begin(body);
      at.show(begun);
      return { begun, end: await check(begun) };
    };

    const [good, first, second] = [await host(), await host(), await host()];
    const hub = await register(good, form('hub.example.org', good));
    assert.equal(hub.end.state, 'approved', hub.end.missing.join());

    // The hub's own name, with everything else their own.
    const asHub = await register(first, form('hub.example.org', first));
    assert.equal(asHub.end.state, 'proving');
    // A name of their own, for which the hub is to vouch: its URL, or its endpoint.
    const hubsUrl = await register(first, { ...form('one.example.org', first), httpUrl: good.url });
    assert.equal(hubsUrl.end.state, 'proving');
    const hubsSsh = await register(second, {
      ...form('two.example.org', second),
      ...good.endpoint,
    });
    assert.equal(hubsSsh.end.state, 'review', 'that endpoint is known: a person must look');
    const { body: waiting } = await f.call('GET', '/v1/registrations');
    const seen = (
      waiting as { registrations: { mirror: string; sameHostKeyAs: string[] }[] }
    ).registrations.find(({ mirror }) => mirror === 'two.example.org');
    assert.deepEqual(seen?.sameHostKeyAs, ['hub.example.org']);
    // An endpoint that shows another key than was declared; and one stranger vouching for the other.
    const wrongKey = { hostKey: first.endpoint.hostKey };
    const lied = await register(second, { ...form('two.example.org', second), ...wrongKey });
    assert.equal(lied.end.state, 'proving');
    const lent = await register(second, { ...form('two.example.org', second), httpUrl: first.url });
    assert.equal(lent.end.state, 'proving');
    // An invitation that nobody made.
    const invite = `pmi_${'0'.repeat(12)}_${'A'.repeat(43)}`;
    assert.equal((await begin({ ...form('two.example.org', second), invite })).status, 403);

    // What they hold are tokens of registrations, which open nothing.
    const tries: ['GET' | 'POST', string, object?][] = [
      ['GET', '/v1/access'],
      ['GET', '/v1/downstreams'],
      ['GET', '/v1/set-up'],
      ['POST', '/v1/reports', { reports: [] }],
      ['POST', '/v1/mirrors/hub.example.org/change', { rsyncUrl: 'rsync://one.example.org' }],
      ['POST', '/v1/mirrors/hub.example.org/move', { upstream: 'one.example.org' }],
      ['POST', '/v1/registrations/two.example.org/approve', {}],
      ['POST', '/v1/tokens', { role: 'admin', label: 'x' }],
    ];
    const strangers = [asHub, hubsUrl, hubsSsh, lied, lent];
    for (const { begun } of strangers) {
      f.clock.now = new Date(f.clock.now.getTime() + 61_000); // Else they are refused as too many.
      for (const token of [begun.token, begun.operatorToken]) {
        for (const [method, path, body] of tries) {
          assert.equal((await f.call(method, path, body, token)).status, 401, path);
        }
      }
    }

    // Who comes now, and would even like to pull from them, pulls from the hub.
    const leafHost = await host();
    const wish = { ...form('leaf.example.org', leafHost), upstream: 'one.example.org' };
    const leaf = await register(leafHost, wish);
    assert.equal(leaf.end.state, 'approved', leaf.end.missing.join());
    const { body: mirrors } = await f.call('GET', '/v1/mirrors');
    assert.deepEqual(
      (mirrors as { mirrors: { name: string; upstream: string | null }[] }).mirrors.map(
        ({ name, upstream }) => [name, upstream],
      ),
      [
        ['hub.example.org', null],
        ['leaf.example.org', 'hub.example.org'],
      ],
    );
    for (const { begun } of [hub, leaf]) {
      for (const path of ['/v1/set-up', '/v1/access', '/v1/downstreams']) {
        const { status, text } = await f.call('GET', path, undefined, begun.token);
        assert.equal(status, 200, text);
        for (const theirs of ['one.example.org', 'two.example.org', first, second].flatMap((one) =>
          typeof one === 'string' ? [one] : [one.pushKey, one.endpoint.hostKey, one.url],
        )) {
          assert.equal(text.includes(theirs), false, `${path} speaks of ${theirs}`);
        }
      }
    }
  },
);
