import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createEventParser, type ServerEvent } from '../commands/event-parser.ts';
import { MasterError } from '../errors.ts';
import { createFeed, type Feed } from '../monitor/feed.ts';
import { createEventStreams, STREAM_LIMITS, type StreamLimits } from './event-streams.ts';

const say = (feed: Feed, serial: number, more: object = {}) =>
  feed.add({ type: 'push', archive: 'debian', serial, data: { serial, ...more } });

/** A server that answers everything with a stream. */
async function serve(t: TestContext, feed: Feed, limits: Partial<StreamLimits> = {}) {
  const streams = createEventStreams(feed, { ...STREAM_LIMITS, ...limits });
  const server: Server = createServer((asked, raw) => {
    const lastEventId = asked.headers['last-event-id'];
    try {
      streams.open(raw, {
        headers: {},
        open: asked.url === '/open',
        hidden: new Set(['embargoed']),
        address: 'here',
        lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      });
    } catch (error) {
      assert.ok(error instanceof MasterError);
      raw.writeHead(503).end(error.code);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    streams.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path = '/', headers: Record<string, string> = {}) => {
    const asking = request({ port, host: '127.0.0.1', path, headers, agent: false }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    answer.on('error', () => {});
    return answer;
  };
  return { streams, ask };
}

async function* eventsOf(answer: IncomingMessage): AsyncGenerator<ServerEvent> {
  const parse = createEventParser();
  answer.setEncoding('utf8');
  for await (const piece of answer) yield* parse(String(piece));
}

async function take(events: AsyncGenerator<ServerEvent>): Promise<ServerEvent> {
  const { value, done } = await events.next();
  assert.ok(done !== true, 'the stream ended');
  return value;
}

test('a reader that comes back hears what it missed, or that it cannot', async (t) => {
  const feed = createFeed(4);
  const { ask } = await serve(t, feed);
  const first = eventsOf(await ask());
  assert.equal((await take(first)).data, '{"resumed":false}');
  say(feed, 1);
  const { id } = await take(first);
  await first.return(undefined);
  say(feed, 2);

  const second = eventsOf(await ask('/', { 'last-event-id': id }));
  assert.equal((await take(second)).data, '{"resumed":true}');
  assert.equal((await take(second)).data, '{"serial":2}');

  for (let serial = 3; serial < 9; serial += 1) say(feed, serial);
  const third = eventsOf(await ask('/', { 'last-event-id': id }));
  assert.equal((await take(third)).data, '{"resumed":false}');
});

test('without a token: only what is for everybody', async (t) => {
  const feed = createFeed();
  const { ask } = await serve(t, feed);
  const events = eventsOf(await ask('/open'));
  await take(events);
  say(feed, 1);
  feed.add({ type: 'push', archive: 'debian', serial: 2, data: { a: 1 }, open: { b: 2 } });
  assert.equal((await take(events)).data, '{"b":2}');
});

test('an archive that a reader may not hear of is left out', async (t) => {
  const feed = createFeed();
  const { ask } = await serve(t, feed);
  const events = eventsOf(await ask());
  await take(events);
  feed.add({ type: 'push', archive: 'embargoed', serial: 1, data: { serial: 1 } });
  say(feed, 2);
  assert.equal((await take(events)).data, '{"serial":2}');
});

test('a reader that takes nothing is dropped, and holds nobody else up', async (t) => {
  const feed = createFeed(64);
  const { ask, streams } = await serve(t, feed);
  const slow = await ask(); // Its body is never read.
  const quick = eventsOf(await ask());
  await take(quick);
  const gone = new Promise((resolve) => slow.once('close', resolve));
  const reason = 'x'.repeat(100_000);
  let serial = 0;
  while (streams.count() > 1 && serial < 2_000) {
    serial += 1;
    say(feed, serial, { reason });
    assert.match((await take(quick)).data, new RegExp(`^{"serial":${serial},`));
  }
  assert.ok(serial < 2_000, 'it was dropped when the ring had gone past it');
  slow.resume();
  await gone;
});

test('no more streams than there may be; a closed one makes room', async (t) => {
  const feed = createFeed();
  const { ask } = await serve(t, feed, { streams: 3, openStreams: 2, openStreamsPerAddress: 2 });
  const [one] = [await ask('/open'), await ask('/open')];
  const refused = await ask('/open');
  assert.equal(refused.statusCode, 503);
  assert.equal((await ask()).statusCode, 200, 'there is room for who has a token');
  assert.equal((await ask()).statusCode, 503);
  const closed = once(one, 'close');
  one.destroy();
  await closed;
  while ((await ask('/open')).statusCode !== 200) await new Promise(setImmediate);
});

test('a quiet stream beats, and ends after its time', async (t) => {
  const { ask } = await serve(t, createFeed(), { heartbeatMs: 5, longestMs: 40 });
  const answer = await ask();
  let text = '';
  for await (const piece of answer) text += String(piece);
  assert.match(text, /\n: nothing new\n\n/);
});

test('closing ends every stream cleanly, and takes no more', async (t) => {
  const { ask, streams } = await serve(t, createFeed());
  const answer = await ask();
  streams.close();
  for await (const _ of answer);
  assert.equal(answer.complete, true);
  assert.equal((await ask()).statusCode, 503);
});
