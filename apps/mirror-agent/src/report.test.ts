import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import type { Report } from '@pushmirror/trigger';
import { freePort, tempFolder, until, writeSecret } from './fixtures.test.ts';
import { createMasterClient } from './master-client.ts';
import { openOutbox, type News } from './outbox.ts';
import { createReporter } from './report.ts';

const folder = tempFolder();
const tokenFile = writeSecret(join(folder, 'token'), 'sesame\n');
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

const news = (serial: number): News => ({
  at: '2026-11-21T00:00:00.000Z',
  archive: 'debian',
  epoch: 1,
  serial,
  event: 'committed',
});

describe('reports', () => {
  test('reach the master in order, with the token, and are forgotten when it has them', async () => {
    const got: number[] = [];
    const tokens = new Set<string | undefined>();
    const url = await serve(async (request, response) => {
      tokens.add(request.headers.authorization);
      const reports = await reportsOf(request);
      got.push(...reports.map(({ serial }) => serial));
      answer(response, 200, { acknowledged: reports.at(-1)?.id ?? null, downstreams: 'd1' });
    });
    const digests = new Set<string>();
    const { reporter, outbox } = await start(url, { onDownstreams: (d) => digests.add(d) });
    for (let serial = 1; serial <= 5; serial += 1) await reporter.report(news(serial));
    await until('acknowledged', () => outbox.size() === 0);
    assert.deepEqual(got, [1, 2, 3, 4, 5]);
    assert.deepEqual([...tokens], ['Bearer sesame']);
    assert.deepEqual([...digests], ['d1']);
  });

  test('wait on disk while the master is away, and nobody waits for them', async () => {
    const problems: string[] = [];
    const { reporter, outbox } = await start(`http://127.0.0.1:${await freePort()}`, {
      onProblem: (reason) => problems.push(reason),
    });
    await reporter.report(news(1));
    await until('tried', () => problems.length > 0);
    assert.match(problems[0] ?? '', /^The master was not reached: .*ECONNREFUSED/);
    assert.equal(outbox.size(), 1);
    assert.equal(reporter.status().waiting, 1);
  });

  test('what is on its way waits a moment for how it ends, and all of it is one request', async () => {
    const requests: string[][] = [];
    const url = await serve(async (request, response) => {
      const reports = await reportsOf(request);
      requests.push(reports.map(({ event }) => event));
      answer(response, 200, { acknowledged: reports.at(-1)?.id ?? null, downstreams: '' });
    });
    const { reporter, outbox } = await start(url);
    const all = ['accepted', 'syncing', 'staged', 'committed'] as const;
    for (const event of all) await reporter.report({ ...news(1), event });
    await until('acknowledged', () => outbox.size() === 0);
    await reporter.report({ ...news(2), event: 'accepted' });
    await until('sent by itself', () => outbox.size() === 0);
    await reporter.report({ ...news(3), event: 'staged' });
    reporter.hurry();
    await until('sent at once', () => outbox.size() === 0);
    assert.deepEqual(requests, [[...all], ['accepted'], ['staged']]);
  });

  test('a report that comes while others are acknowledged is no sign that the master took none', async () => {
    const problems: string[] = [];
    const url = await serve(async (request, response) => {
      const reports = await reportsOf(request);
      answer(response, 200, { acknowledged: reports.at(-1)?.id ?? null, downstreams: '' });
    });
    let next = 1;
    const { reporter, outbox } = await start(url, {
      // Just before the outbox writes down what was acknowledged.
      onDownstreams() {
        next += 1;
        if (next <= 5) setImmediate(() => void reporter.report(news(next)));
      },
      onProblem: (reason) => problems.push(reason),
    });
    await reporter.report(news(1));
    await until('all sent', () => next > 5 && outbox.size() === 0);
    assert.deepEqual(problems, []);
  });

  test('a report that the master finds wrong does not hold up the others', async () => {
    const got: number[] = [];
    const url = await serve(async (request, response) => {
      const reports = await reportsOf(request);
      if (reports.some(({ serial }) => serial === 2)) return answer(response, 400, {});
      got.push(...reports.map(({ serial }) => serial));
      answer(response, 200, { acknowledged: reports.at(-1)?.id ?? null, downstreams: '' });
    });
    const { reporter, outbox } = await start(url);
    await Promise.all([1, 2, 3].map((serial) => reporter.report(news(serial))));
    await until('done', () => outbox.size() === 0);
    assert.deepEqual(new Set(got), new Set([1, 3]));
  });

  test('nonsense, endless answers and redirects are "away", not crashes', async () => {
    const answers = [
      (response: ServerResponse) => {
        response.end('<html>');
      },
      (response: ServerResponse) => {
        response.end('{"acknowledged":7}');
      },
      (response: ServerResponse) => {
        response.writeHead(302, { location: '/v1/elsewhere' }).end();
      },
      (response: ServerResponse) => {
        const more = () => void (response.write(Buffer.alloc(65_536)) ? setImmediate(more) : 0);
        response.on('drain', more);
        more();
      },
    ];
    const url = await serve((_request, response) => answers.shift()?.(response));
    const client = createMasterClient({ url, tokenFile, signal: new AbortController().signal });
    for (let i = 0; i < 4; i += 1) assert.equal((await client.report([])).kind, 'away');
  });

  test('a master that does not answer is given up on in time', async () => {
    const url = await serve(() => {});
    const signal = new AbortController().signal;
    const client = createMasterClient({ url, tokenFile, signal, deadlineMs: 50 });
    assert.equal((await client.downstreams()).kind, 'away');
  });

  test('the head at the public path comes as its bytes; a missing one is no error', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/v1/archives/debian/head') response.end('Push-Head: 1\n');
      else answer(response, 404, {});
    });
    const client = createMasterClient({ url, tokenFile, signal: new AbortController().signal });
    assert.deepEqual(await client.head('debian'), {
      kind: 'ok',
      value: Buffer.from('Push-Head: 1\n'),
    });
    assert.deepEqual(await client.head('other'), { kind: 'ok', value: undefined });
  });
});

async function start(
  url: string,
  change: { onDownstreams?: (digest: string) => void; onProblem?: (reason: string) => void } = {},
) {
  const ending = new AbortController();
  const outbox = await openOutbox({
    path: join(mkdtempSync(join(folder, 'outbox-')), 'reports.ndjson'),
    onCorrupt: () => assert.fail(),
    onProblem: (error) => assert.fail(String(error)),
  });
  const reporter = createReporter({
    outbox,
    master: createMasterClient({ url, tokenFile, signal: ending.signal }),
    random: () => 0,
    onDownstreams: () => {},
    onProblem: () => {},
    ...change,
  });
  open.push(async () => {
    await reporter.close(100);
    ending.abort();
  });
  return { reporter, outbox };
}

async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function reportsOf(request: IncomingMessage): Promise<Report[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return (JSON.parse(Buffer.concat(chunks).toString('utf8')) as { reports: Report[] }).reports;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
