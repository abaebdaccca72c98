import type { ServerResponse } from 'node:http';
import { MasterError } from '../errors.ts';
import { isWanted, type Feed, type FeedFilter } from '../monitor/feed.ts';

/** Open event streams: how many there may be, and how each ends. */
export interface EventStreams {
  /**
   * Answer with a stream of server-sent events, until either side ends it.
   *
   * @throws MasterError `too-many-streams`
   */
  open(raw: ServerResponse, wanted: StreamRequest): void;
  count(): number;
  /** End them all, and take no more. */
  close(): void;
}

export interface StreamRequest extends FeedFilter {
  /** What the plugins in front want to say. */
  headers: Record<string, string | number | string[] | undefined>;
  /** Without a token: sees less, and shares a smaller number of streams. */
  open: boolean;
  /** Archives that this reader may not hear of; a stream is short, so that a rule counts soon. */
  hidden: ReadonlySet<string>;
  address: string;
  lastEventId: string | undefined;
}

export interface StreamLimits {
  streams: number;
  openStreams: number;
  openStreamsPerAddress: number;
  /** A stream with nothing to say says so this often; a reader that takes nothing for so long goes. */
  heartbeatMs: number;
  /** Then it is closed, and the reader comes back with its token. */
  longestMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  streams: 256,
  openStreams: 192,
  openStreamsPerAddress: 16,
  heartbeatMs: 15_000,
  longestMs: 15 * 60_000,
};

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no', // A proxy that collects the answer would hold the news back.
};
const RETRY_MS = 1_000;

/** Each reader takes from the feed at its own speed; see monitor/feed.ts. */
export function createEventStreams(feed: Feed, limits: StreamLimits = STREAM_LIMITS): EventStreams {
  const streams = new Map<ServerResponse, StreamRequest>();
  let closed = false;

  const check = ({ open, address }: StreamRequest) => {
    if (closed) throw new MasterError('stopping', 'The master is stopping.');
    const others = [...streams.values()].filter((stream) => stream.open);
    const full =
      streams.size >= limits.streams ||
      (open && others.length >= limits.openStreams) ||
      (open &&
        others.filter((other) => other.address === address).length >= limits.openStreamsPerAddress);
    if (!full) return;
    throw new MasterError('too-many-streams', 'Too many event streams are open. Try again later.');
  };

  return {
    open(raw, wanted) {
      check(wanted);
      streams.set(raw, wanted);
      raw.once('close', () => streams.delete(raw));
      startStream(feed, raw, wanted, limits);
    },
    count: () => streams.size,
    close() {
      closed = true;
      for (const raw of streams.keys()) {
        if (raw.writableNeedDrain) raw.destroy();
        else raw.end();
      }
    },
  };
}

/**
 * Write events while the reader takes them. When its connection is full the stream stands still,
 * and nothing is kept for it; it is dropped when it stands too long or has lost its place.
 */
function startStream(
  feed: Feed,
  raw: ServerResponse,
  wanted: StreamRequest,
  limits: StreamLimits,
): void {
  const resumed = wanted.lastEventId === undefined ? undefined : feed.after(wanted.lastEventId);
  let next = resumed ?? feed.end();
  let full = false;
  let quiet = false;
  let beats = 0;
  const write = (text: string) => {
    quiet = false;
    full = !raw.write(text);
  };

  const pump = () => {
    for (;;) {
      const entry = feed.at(next);
      if (entry === 'gone') return void raw.destroy();
      if (entry === undefined || full || raw.destroyed) return undefined;
      next += 1;
      if (wanted.hidden.has(entry.archive)) continue;
      const data = wanted.open ? entry.open : entry.data;
      if (data !== undefined && isWanted(entry, wanted)) write(message(entry.type, entry.id, data));
    }
  };

  const beat = () => {
    beats += 1;
    if (full) return void raw.destroy();
    if (beats * limits.heartbeatMs >= limits.longestMs) return void raw.end();
    if (quiet) write(': nothing new\n\n');
    quiet = true;
    return undefined;
  };

  for (const [name, value] of Object.entries({ ...wanted.headers, ...HEADERS })) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  const start = resumed === undefined ? feed.lastId() : (wanted.lastEventId ?? '');
  const hello = JSON.stringify({ resumed: resumed !== undefined });
  write(`retry: ${RETRY_MS}\n${message('hello', start, hello)}`);
  const forget = feed.onAdd(pump);
  const timer = setInterval(beat, limits.heartbeatMs);
  raw.on('drain', () => {
    full = false;
    pump();
  });
  raw.on('error', () => {}); // A reader that went away; `close` follows.
  raw.once('close', () => {
    forget();
    clearInterval(timer);
  });
  pump();
}

function message(type: string, id: string, data: string): string {
  return `event: ${type}\nid: ${id}\ndata: ${data}\n\n`;
}
