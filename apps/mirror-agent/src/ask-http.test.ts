import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { within } from '@pushmirror/host';
import { askHttp } from './ask-http.ts';

const LARGEST = 10_000;

/** The answer of a server that does as told. */
async function ask(listener: RequestListener, ms = 5_000) {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const { port } = server.address() as AddressInfo;
    const asked = { method: 'POST', headers: { a: 'b' }, body: 'asked', largest: LARGEST } as const;
    return await askHttp(`http://127.0.0.1:${port}/`, { ...asked, signal: within(ms) });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

void test('an answer comes as it was sent, packed or not', async () => {
  const text = JSON.stringify({ heads: Array.from({ length: 500 }, () => 'the same again') });
  const plain = await ask((request, response) => {
    request.pipe(response.writeHead(201));
  });
  assert.deepEqual({ ...plain, bytes: String(plain.bytes) }, { status: 201, bytes: 'asked' });
  const packed = await ask(({ headers }, response) => {
    assert.equal(headers['accept-encoding'], 'gzip');
    assert.equal(headers['a'], 'b');
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text));
  });
  assert.deepEqual({ ...packed, bytes: String(packed.bytes) }, { status: 200, bytes: text });
});

void test('an answer without an end, or that unpacks to more than was expected, is refused', async () => {
  const endless: RequestListener = (_, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(5_000)));
      response.once('drain', more);
    };
    more();
  };
  await assert.rejects(ask(endless), /larger than 10000 bytes/);
  const bomb = gzipSync(Buffer.alloc(5_000_000));
  assert.ok(bomb.length < LARGEST, 'it passes for small');
  await assert.rejects(
    ask((_, response) => void response.setHeader('content-encoding', 'gzip').end(bomb)),
    { code: 'ERR_BUFFER_TOO_LARGE' },
  );
  await assert.rejects(
    ask((_, response) => void response.setHeader('content-encoding', 'gzip').end('not packed')),
    /incorrect header check/,
  );
});

void test('neither another place nor silence is an answer', async () => {
  const elsewhere: RequestListener = (_, response) =>
    void response.writeHead(302, { location: 'http://127.0.0.1/' }).end();
  await assert.rejects(ask(elsewhere), /sends us elsewhere/);
  await assert.rejects(ask((_, response) => void response.write('begun'), 300));
  await assert.rejects(
    ask(({ socket }) => void socket.destroy()),
    { code: 'ECONNRESET' },
  );
});
