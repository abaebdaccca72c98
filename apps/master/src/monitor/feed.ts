import { randomBytes } from 'node:crypto';

/** What a reader may ask for: everything, one archive, or one release. */
export interface FeedFilter {
  archive?: string | undefined;
  serial?: number | undefined;
}

/** Something that happened to a release. docs/formats.md, "Events", says what the types carry. */
export interface FeedEvent {
  type: 'publish' | 'rollout' | 'push' | 'sight';
  archive: string;
  serial: number;
  /** What those with a token read. */
  data: object;
  /** What everybody may read; left out when that is nothing. */
  open?: object;
}

/** An event in its place, ready to be written. */
export interface FeedEntry {
  /** `INSTANCE:NUMBER`, for `Last-Event-ID`. */
  id: string;
  type: FeedEvent['type'];
  archive: string;
  serial: number;
  data: string;
  open: string | undefined;
}

/**
 * The events of this process, the newest of them kept in a ring. A reader has a place of its own in
 * it and takes events as fast as it can; nothing is kept for any one reader, so a slow one costs
 * no memory, and one that falls behind the ring has lost its place.
 */
export interface Feed {
  add(event: FeedEvent): void;
  /** The number that the next event gets. */
  end(): number;
  /** The event of this number; undefined before it happened, `gone` when it left the ring. */
  at(number: number): FeedEntry | 'gone' | undefined;
  /** The number after that of an id; undefined when it is of another process, or gone. */
  after(id: string): number | undefined;
  /** The id of the last event. */
  lastId(): string;
  /** Told after each event; returns how to end that. */
  onAdd(listener: () => void): () => void;
}

/** Enough for a reader that was away for a moment while thousands of mirrors moved. */
const KEPT = 8192;

export function createFeed(kept = KEPT): Feed {
  const instance = randomBytes(6).toString('hex');
  const ring: FeedEntry[] = [];
  const listeners = new Set<() => void>();
  let end = 1;
  const idOf = (number: number) => `${instance}:${number}`;

  return {
    add({ type, archive, serial, data, open }) {
      const texts = {
        data: JSON.stringify(data),
        open: open === undefined ? undefined : JSON.stringify(open),
      };
      ring[end % kept] = { id: idOf(end), type, archive, serial, ...texts };
      end += 1;
      for (const listener of listeners) listener();
    },
    end: () => end,
    at(number) {
      if (number >= end) return undefined;
      return number < end - kept ? 'gone' : (ring[number % kept] ?? 'gone');
    },
    after(id) {
      const [, of, digits] = /^([0-9a-f]{12}):(\d{1,15})$/.exec(id) ?? [];
      const next = Number(digits) + 1;
      return of === instance && next <= end && next >= end - kept ? next : undefined;
    },
    lastId: () => idOf(end - 1),
    onAdd(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Whether a reader asked for this event. */
export function isWanted(entry: FeedEntry, { archive, serial }: FeedFilter): boolean {
  if (archive !== undefined && entry.archive !== archive) return false;
  return serial === undefined || entry.serial === serial;
}
