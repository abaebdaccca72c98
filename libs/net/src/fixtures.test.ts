import { createSocket } from 'node:dgram';
import { createServer, type RequestListener } from 'node:http';
import { isIP, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import diagnostics from 'node:diagnostics_channel';

/** The addresses of a host, given how often it was asked for before. */
export type Zone = (host: string, asked: number) => readonly string[];

/**
 * A real name server on loopback that answers from `zone`, with a lifetime of 0.
 *
 * @returns `127.0.0.1:PORT`
 */
export async function nameServer(t: TestContext, zone: Zone): Promise<string> {
  const asked = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, end } = question(query);
    const key = `${name} ${type}`;
    const before = asked.get(key) ?? 0;
    asked.set(key, before + 1);
    const family = type === 1 ? 4 : type === 28 ? 6 : 0;
    const addresses = zone(name, before).filter((one) => isIP(one) === family);
    socket.send(answer(query, end, type, addresses), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

/** A web server that counts its connections; `port` 0 is any. */
export async function webServer(
  t: TestContext,
  address: string,
  handler: RequestListener,
  port = 0,
): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer(handler);
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

/** Every TCP connection that this process begins to open, wherever to. */
export function watchConnections(t: TestContext): { opened: () => number } {
  let opened = 0;
  const count = (message: unknown) => {
    if ((message as { socket?: Socket }).socket !== undefined) opened += 1;
  };
  diagnostics.subscribe('net.client.socket', count);
  t.after(() => diagnostics.unsubscribe('net.client.socket', count));
  return { opened: () => opened };
}

/** The one question of a DNS query (RFC 1035 section 4.1.2). */
function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answer(query: Buffer, end: number, type: number, addresses: readonly string[]): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const data = type === 1 ? Buffer.from(address.split('.').map(Number)) : sixBytes(address);
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}

/** The sixteen bytes of an IPv6 address; the URL parser knows every way to write one. */
function sixBytes(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0');
  const all = tail === undefined ? front : [...front, ...zeros, ...back];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
