import { createHash } from 'node:crypto';
import { within } from '@pushmirror/host';
import {
  closeConnections,
  createGuardedClient,
  keepConnections,
  NetError,
  type CheckedAddress,
  type Connections,
  type Guard,
} from '@pushmirror/net';
import { HEAD_PATH, LARGEST_HEAD } from '@pushmirror/trigger/head/head';
import { greetRsync } from './greet-rsync.ts';
import { lookAtContent, type ContentFound, type SamplesOf } from './look-at-content.ts';
import type { Place } from './places.ts';
import { request, type Came, type LookMemory, type RequestOptions } from './requests.ts';
import type { Endpoint, Evidence } from './sighting.ts';

/** What is to be looked at. */
export interface LookTarget {
  mirror: string;
  archive: string;
  /** What its trace file is called. */
  traceName: string;
  /** At least one. */
  places: readonly Place[];
}

/** What was seen: facts only. What they mean is verdict.ts's business. */
export interface Look {
  at: Date;
  /** The different heads that readers get, by whichever way; empty when there is none. */
  heads: Buffer[];
  /** Past all caches, when there was a doubt. */
  again: { heads: Buffer[]; content: ContentFound | null } | null;
  /** The mirror's own trace file. */
  trace: Buffer | null;
  /** A mark says that its tree is being changed. */
  updating: boolean;
  content: ContentFound | null;
  endpoints: Endpoint[];
  evidence: Evidence[];
  responseMs: number | null;
  certificateUntil: Date | null;
}

export interface LookOptions {
  guard: Guard;
  /** Milliseconds for all of it. */
  deadlineMs: number;
  userAgent: string;
  ca?: string;
  now: () => Date;
  /**
   * Fetches a small file of a mirror that has only an rsync server.
   *
   * @throws NetError
   */
  readByRsync: (what: 'head' | 'trace', url: string, signal: AbortSignal) => Promise<Buffer>;
}

/** What one look is about. */
export interface LookQuestion {
  target: LookTarget;
  memory: LookMemory;
  /** What is known of the release that a head names. */
  samplesOf: SamplesOf;
  /** Whether what was seen leaves a doubt, for which caches are passed by and marks looked for. */
  isDoubtful: (look: Look) => boolean;
  signal: AbortSignal;
}

const LARGEST_TRACE = 16 * 1024;
const LARGEST_MARK = 4 * 1024;

/** Look once: a few small requests, all before the deadline. Throws only when `signal` is aborted. */
export async function lookOnce(question: LookQuestion, o: LookOptions): Promise<Look> {
  const { target, memory } = question;
  const signal = within(o.deadlineMs, question.signal);
  const guard = rememberAddresses(o.guard);
  const client = createGuardedClient({
    guard,
    deadlineMs: o.deadlineMs,
    ...(o.ca === undefined ? {} : { ca: o.ca }),
  });
  const asking: RequestOptions = { client, userAgent: o.userAgent, memory, now: o.now, signal };
  const ways = await findWays(target.places, guard, signal);
  try {
    const look = await lookAll(target, ways, asking);
    const best = bestOf(ways);
    if (best !== undefined) await lookCloser(look, best, question, asking);
    else if (target.places.every(isRsync)) await lookByRsync(look, target, ways, asking, o);
    question.signal.throwIfAborted();
    return look;
  } finally {
    for (const way of ways) closeConnections(way.connections);
  }
}

/** One protocol over one family. */
interface Way {
  place: Place;
  family: 4 | 6 | null;
  address: CheckedAddress | null;
  connections: Connections;
  failure: string | null;
  head: Came | null;
}

async function findWays(places: readonly Place[], guard: Guard, signal: AbortSignal) {
  const found = await Promise.all(
    places.map(async (place): Promise<Way[]> => {
      const way = (address: CheckedAddress | null, failure: string | null): Way => ({
        place,
        address,
        failure,
        family: address?.family ?? null,
        connections: keepConnections(),
        head: null,
      });
      try {
        const all = await guard.check(place.host, signal);
        const one = ([4, 6] as const).flatMap(
          (family) => all.find((a) => a.family === family) ?? [],
        );
        return one.map((address) => way(address, null));
      } catch (error) {
        return [way(null, wordsOf(error))];
      }
    }),
  );
  return found.flat();
}

/** Over each way for itself: the head, or the greeting. */
async function lookAll(
  { places }: LookTarget,
  ways: readonly Way[],
  asking: RequestOptions,
): Promise<Look> {
  const look: Look = {
    at: asking.now(),
    heads: [],
    again: null,
    trace: null,
    updating: false,
    content: null,
    endpoints: [],
    evidence: [],
    responseMs: null,
    certificateUntil: null,
  };
  await Promise.all(
    ways.map(async (way) => {
      if (way.address === null) return;
      if (isRsync(way.place)) way.head = await greet(way, way.address, asking);
      else way.head = await askHead(way, way.address.family, asking);
    }),
  );
  for (const way of ways) note(look, way, places.every(isRsync));
  return look;
}

function isRsync({ protocol }: Place): boolean {
  return protocol === 'rsync';
}

function askHead({ place, connections }: Way, family: 4 | 6, asking: RequestOptions) {
  const url = `${place.url}${HEAD_PATH}`;
  return request(asking, { what: 'head', url, family, maxBytes: LARGEST_HEAD, connections });
}

async function greet(way: Way, address: CheckedAddress, { now, signal }: RequestOptions) {
  const { place } = way;
  const [at, begun] = [now(), performance.now()];
  const greeted = await greetRsync(address, place.port, signal);
  const reason = greeted.ok ? null : `${place.host} ${greeted.reason}.`;
  return came(way, 'rsync', place.url, { at, begun, reason, body: null });
}

/** Of a mirror that has no other server: the head, or else the trace file. */
async function lookByRsync(
  look: Look,
  { traceName }: LookTarget,
  ways: readonly Way[],
  { now, signal }: RequestOptions,
  o: LookOptions,
): Promise<void> {
  const way = ways.find(({ head }) => head !== null && head.error === null);
  if (way === undefined) return;
  const read = async (what: 'head' | 'trace', path: string) => {
    const url = `${way.place.url}${path}`;
    const [at, begun] = [now(), performance.now()];
    const got = await o.readByRsync(what, url, signal).then(
      (body) => ({ body, reason: null }),
      (error: unknown) => ({ body: null, reason: wordsOf(error) }),
    );
    look.evidence.push(came(way, what, url, { at, begun, ...got }).evidence);
    return got.body;
  };
  const head = await read('head', HEAD_PATH);
  if (head !== null) look.heads.push(head);
  else look.trace = await read('trace', tracePath(traceName));
}

function came(
  { family }: Way,
  what: 'head' | 'trace' | 'rsync',
  url: string,
  o: { at: Date; begun: number; reason: string | null; body: Buffer | null },
): Came {
  const evidence: Evidence = {
    what,
    url,
    family,
    pastCache: false,
    at: o.at.toISOString(),
    ms: Math.round((performance.now() - o.begun) * 10) / 10,
    status: null,
    sha256: o.body === null ? null : createHash('sha256').update(o.body).digest('hex'),
    bytes: o.body?.length ?? null,
    expected: null,
    error: o.reason,
  };
  const error = o.reason === null ? null : new NetError('unreachable', o.reason);
  return { evidence, body: o.body, error, certificateUntil: null };
}

/** Take what came over one way into the look. */
function note(look: Look, { place, family, failure, head }: Way, isOnlyRsync: boolean): void {
  const reason = failure ?? head?.error?.message ?? null;
  const bad = head?.error?.code === 'bad-certificate' ? 'certificate' : 'unreachable';
  const state = reason === null ? 'ok' : place.registered ? bad : 'not-offered';
  look.endpoints.push({
    protocol: place.protocol,
    family,
    url: place.url,
    state,
    serial: serialIn(head?.body ?? null),
    ms: reason === null ? (head?.evidence.ms ?? null) : null,
    certificateUntil: head?.certificateUntil?.toISOString() ?? null,
    reason: state === 'not-offered' ? null : reason,
  });
  if (head === null) return;
  if (state !== 'not-offered') look.evidence.push(head.evidence);
  const { body, certificateUntil: until } = head;
  if (until !== null && (look.certificateUntil === null || until < look.certificateUntil)) {
    look.certificateUntil = until;
  }
  if (state === 'ok' && place.registered && (isOnlyRsync || !isRsync(place))) {
    look.responseMs = Math.min(look.responseMs ?? Infinity, head.evidence.ms);
  }
  if (body !== null && !look.heads.some((one) => one.equals(body))) look.heads.push(body);
}

/** What cannot be told without the signature: only for the eye, and to choose samples by. */
function serialIn(head: Buffer | null): number | null {
  const digits = head === null ? null : /^Serial: ([1-9]\d{0,15})$/m.exec(head.toString('latin1'));
  return digits === null ? null : Number(digits[1]);
}

/** The way over which the rest is asked: one that answered, a registered one first. */
function bestOf(ways: readonly Way[]): Way | undefined {
  const usable = ways.filter(
    ({ place, head }) => !isRsync(place) && head !== null && head.error === null,
  );
  return usable.find(({ place }) => place.registered) ?? usable[0];
}

/** Trace file, an index and a sample; and when that leaves a doubt, once more past the caches. */
async function lookCloser(
  look: Look,
  { place, family, connections }: Way,
  { target, samplesOf, isDoubtful }: LookQuestion,
  asking: RequestOptions,
): Promise<void> {
  if (family === null) return;
  const ask = async (what: Evidence['what'], path: string, maxBytes: number, pastCache = false) => {
    const url = `${place.url}${path}`;
    const came = await request(asking, { what, url, family, maxBytes, connections, pastCache });
    look.evidence.push(came.evidence);
    return came;
  };
  const content = (heads: readonly Buffer[], pastCache: boolean) =>
    lookAtContent(heads, samplesOf, async (what, path, sample) => {
      const url = `${place.url}${path}`;
      const maxBytes = sample.bytes + 1;
      const { sha256: expected } = sample;
      const asked = { what, url, family, maxBytes, connections, pastCache, expected };
      const one = await request(asking, asked);
      look.evidence.push(one.evidence);
      return one;
    });
  look.trace = (await ask('trace', tracePath(target.traceName), LARGEST_TRACE)).body;
  look.content = await content(look.heads, false);
  if (!isDoubtful(look)) return;
  const mark = `Archive-Update-in-Progress-${encodeURIComponent(target.mirror)}`;
  for (const path of ['project/pushmirror/changing', mark]) {
    const { status } = (await ask('mark', path, LARGEST_MARK, true)).evidence;
    look.updating ||= status === 200;
  }
  const head = await ask('head', HEAD_PATH, LARGEST_HEAD, true);
  const heads = head.body === null ? [] : [head.body];
  look.again = { heads, content: await content(heads, true) };
}

function tracePath(name: string): string {
  return `project/trace/${encodeURIComponent(name)}`;
}

/** The DNS is asked once for all requests of a look. */
function rememberAddresses(guard: Guard): Guard {
  const known = new Map<string, Promise<CheckedAddress[]>>();
  return {
    check(host, signal) {
      const before = known.get(host);
      if (before !== undefined) return before;
      const asked = guard.check(host, signal);
      known.set(host, asked);
      return asked;
    },
  };
}

/** @throws what is not of the mirror's making. */
function wordsOf(error: unknown): string {
  if (error instanceof NetError) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return 'No answer in time.';
  throw error;
}
