import { Agent, request as plainRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { NetError } from './errors.ts';
import type { CheckedAddress } from './guard.ts';
import type { Target } from './target.ts';

/** One answer, as it came. */
export interface Answer {
  status: number;
  location: string | undefined;
  body: Buffer;
  address: string;
  family: 4 | 6;
  etag: string | undefined;
  /** The end of the certificate's time, over TLS. */
  certificateUntil: Date | undefined;
}

export interface ExchangeOptions {
  maxBytes: number;
  signal: AbortSignal;
  /** Certificate authorities in PEM; the system's when left out. */
  ca?: string | undefined;
  headers?: Record<string, string> | undefined;
  connections?: Connections | undefined;
  /** What is sent, by POST; a GET when left out. */
  send?: string | undefined;
}

/** Connections to one host over one family, for requests that follow each other. */
export interface Connections {
  http: Agent;
  https: TlsAgent;
}

/** At most one connection a protocol. End it with `closeConnections`. */
export function keepConnections(): Connections {
  const one = { keepAlive: true, maxSockets: 1 };
  return { http: new Agent(one), https: new TlsAgent(one) };
}

export function closeConnections({ http, https }: Connections): void {
  http.destroy();
  https.destroy();
}

const LARGEST_HEADERS = 16 * 1024;
const HEADERS = {
  'user-agent': 'pushmirror',
  accept: '*/*',
  'accept-encoding': 'identity',
};

/**
 * One request at one address that was checked: the name goes into SNI and Host, and is never looked up
 * again.
 *
 * @throws NetError `unreachable`, `bad-answer`
 */
export function exchange(
  target: Target,
  { address, family }: CheckedAddress,
  o: ExchangeOptions,
): Promise<Answer> {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
  const { url, host, port, tls } = target;
  const options: RequestOptions = {
    host,
    port,
    path: `${url.pathname}${url.search}`,
    method: o.send === undefined ? 'GET' : 'POST',
    headers: { ...HEADERS, ...o.headers, ...lengthOf(o.send), host: url.host },
    // A connection of its own, unless some are kept for this host: none opened for something else.
    agent: tls ? (o.connections?.https ?? false) : (o.connections?.http ?? false),
    lookup,
    maxHeaderSize: LARGEST_HEADERS,
    signal: o.signal,
    ...(tls ? { servername: isIP(host) === 0 ? host : '', minVersion: 'TLSv1.2' } : {}),
    ...(o.ca === undefined ? {} : { ca: o.ca }),
  };
  return new Promise((resolve, reject) => {
    const request = (tls ? tlsRequest : plainRequest)(options, (response) => {
      const certificateUntil = until(response); // The connection may be another's when the body ends.
      readBody(response, o.maxBytes).then((body) => {
        const { statusCode: status = 0, headers } = response;
        const { location, etag } = headers;
        resolve({ status, location, etag, body, address, family, certificateUntil });
      }, fail);
    });
    const fail = (error: Error) => {
      request.destroy();
      reject(error instanceof NetError ? error : failed(target, error, o.signal));
    };
    request.on('error', fail);
    request.end(o.send);
  });
}

function lengthOf(send: string | undefined): Record<string, string> {
  return send === undefined ? {} : { 'content-length': String(Buffer.byteLength(send)) };
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      response.destroy();
      reject(new NetError('too-large', `The answer is larger than ${maxBytes} bytes.`));
    });
    response.on('error', reject);
    response.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

function until({ socket }: IncomingMessage): Date | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const text = socket.getPeerCertificate().valid_to;
  return text === undefined ? undefined : new Date(text);
}

function failed({ host, port }: Target, cause: Error, signal: AbortSignal): NetError {
  const where = `${host} port ${port}`;
  if (signal.aborted) {
    return new NetError('unreachable', `${where} did not answer in time.`, { cause });
  }
  const code = 'code' in cause ? String(cause.code) : 'unknown';
  if (/CERT|ALTNAME|SIGNATURE|TLS|SSL/.test(code)) {
    const sentence = `${where}: its certificate or TLS is not in order (${code}).`;
    return new NetError('bad-certificate', sentence, { cause });
  }
  return new NetError('unreachable', `${where}: it does not answer over HTTP (${code}).`, {
    cause,
  });
}
