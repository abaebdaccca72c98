import { createHash, randomBytes } from 'node:crypto';
import { NetError, type Connections, type GuardedClient } from '@pushmirror/net';
import type { Evidence } from './sighting.ts';

/**
 * What a mirror answered to a request before: asked again, it need only say that it is the same. By
 * ETag only: asked by date, servers say "the same" of an older file too, and hide that it was rolled
 * back.
 */
export interface Remembered {
  etag: string;
  body: Buffer;
}

/** What is remembered of one mirror and archive, by URL and family. */
export type LookMemory = Map<string, Remembered>;

/** What came of one request, and the evidence of it. */
export interface Came {
  evidence: Evidence;
  /** Of a 200 (or a 304 of what was remembered). */
  body: Buffer | null;
  error: NetError | null;
  certificateUntil: Date | null;
}

export interface RequestOptions {
  client: GuardedClient;
  userAgent: string;
  memory: LookMemory;
  now: () => Date;
  signal: AbortSignal;
}

export interface Asked {
  what: Evidence['what'];
  url: string;
  family: 4 | 6;
  maxBytes: number;
  connections: Connections;
  expected?: string;
  /** To settle a doubt: no cache on the way may answer. */
  pastCache?: boolean;
}

/** GET, conditional where the answer is remembered; whatever goes wrong is in the evidence. */
export async function request(o: RequestOptions, asked: Asked): Promise<Came> {
  const { what, family, pastCache = false } = asked;
  const key = `${asked.url} ${family}`;
  const known = pastCache ? undefined : o.memory.get(key);
  const url = pastCache ? `${asked.url}?probe=${randomBytes(6).toString('hex')}` : asked.url;
  const at = o.now();
  const begun = performance.now();
  const evidence: Evidence = {
    what,
    url,
    family,
    pastCache,
    at: at.toISOString(),
    expected: asked.expected ?? null,
    ms: 0,
    status: null,
    sha256: null,
    bytes: null,
    error: null,
  };
  try {
    const answer = await o.client.get(url, {
      family,
      maxBytes: asked.maxBytes,
      signal: o.signal,
      connections: asked.connections,
      headers: {
        'user-agent': o.userAgent,
        ...(pastCache ? { 'cache-control': 'no-cache', pragma: 'no-cache' } : {}),
        ...(known === undefined ? {} : { 'if-none-match': known.etag }),
      },
    });
    evidence.status = answer.status;
    const same = answer.status === 304 ? known?.body : undefined;
    const body = same ?? (answer.status === 200 ? answer.body : null);
    if (body === null) o.memory.delete(key);
    else {
      evidence.sha256 = createHash('sha256').update(body).digest('hex');
      evidence.bytes = body.length;
    }
    if (answer.status === 200 && !pastCache) remember(o.memory, key, answer);
    return { evidence, body, error: null, certificateUntil: answer.certificateUntil ?? null };
  } catch (error) {
    if (!(error instanceof NetError) || o.signal.reason === 'stopping') throw error;
    evidence.error = error.message;
    return { evidence, body: null, error, certificateUntil: null };
  } finally {
    evidence.ms = Math.round((performance.now() - begun) * 10) / 10;
  }
}

/** Small answers only: those of all mirrors are kept. */
const MOST_REMEMBERED = 16 * 1024;
const MOST_ANSWERS = 12;

function remember(memory: LookMemory, key: string, o: { etag: string | undefined; body: Buffer }) {
  memory.delete(key);
  if (o.etag === undefined || o.etag.length > 200 || o.body.length > MOST_REMEMBERED) return;
  memory.set(key, { etag: o.etag, body: o.body });
  const [oldest] = memory.keys();
  if (memory.size > MOST_ANSWERS && oldest !== undefined) memory.delete(oldest);
}
