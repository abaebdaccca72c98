import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** A finished answer, in every form that a browser may ask for. */
export interface Rendered {
  etag: string;
  type: string;
  /** Unpacked, gzip and brotli; the packed ones are missing where they would not be smaller. */
  identity: Buffer;
  gzip?: Buffer;
  br?: Buffer;
}

/**
 * Keeps finished pages for a moment, so that many readers cost one rendering: at most one a page is
 * under way. After `changed` the next reader waits for a page that knows of it, where that is little
 * work; where it is much, it is made at most a third of the time, and readers get the one before
 * meanwhile. Without a change a page is at most five seconds old, or ten while it is being made anew.
 */
export interface PageCache {
  get(key: string, make: () => Promise<{ type: string; text: string }>): Promise<Rendered>;
  /** Something that pages show has changed. */
  changed(): void;
  /** How often something has changed. */
  changes(): number;
}

interface Entry {
  rendered: Rendered | undefined;
  at: number;
  change: number;
  making: Promise<Rendered> | undefined;
  /** Not made again before this, by the machine's own clock. */
  restsUntil: number;
}

/** Where nothing has changed, a page only differs in how long ago things were. */
const FRESH_MS = 5_000;
const OLDEST_MS = 10_000;
/** After much work it rests for no longer than this. */
const LONGEST_REST_MS = 1_000;
/** A page that took more of the processor than this is not made again at once. */
const CHEAP_MS = 25;
/** But after so many times as long as it took. */
const RESTS = 2;
const MOST_ENTRIES = 200;
const SMALLEST_PACKED = 512;

export function createPageCache(now: () => Date): PageCache {
  const entries = new Map<string, Entry>();
  let change = 0;

  const make = (key: string, entry: Entry, made: Parameters<PageCache['get']>[1]) => {
    const work = async () => {
      const rest = entry.restsUntil - performance.now();
      if (rest > 1) await setTimeout(rest);
      const [at, knows, before] = [now().getTime(), change, process.cpuUsage()];
      const rendered = await pack(await made());
      const { user, system } = process.cpuUsage(before);
      const cost = (user + system) / 1000;
      const restsUntil =
        performance.now() + (cost < CHEAP_MS ? 0 : Math.min(RESTS * cost, LONGEST_REST_MS));
      Object.assign(entry, { rendered, at, change: knows, restsUntil });
      return rendered;
    };
    entry.making = work().finally(() => {
      entry.making = undefined;
      if (entry.rendered === undefined) entries.delete(key);
    });
    return entry.making;
  };

  return {
    async get(key, made) {
      let entry = entries.get(key);
      if (entry === undefined) {
        if (entries.size >= MOST_ENTRIES) entries.delete(entries.keys().next().value ?? '');
        entry = { rendered: undefined, at: 0, change: -1, making: undefined, restsUntil: 0 };
        entries.set(key, entry);
      }
      const age = now().getTime() - entry.at;
      const resting = entry.restsUntil > performance.now();
      const outdated = entry.change !== change && !resting;
      const old = entry.rendered === undefined || outdated || age >= OLDEST_MS;
      if (old && entry.making !== undefined) {
        const rendered = await entry.making;
        if (entry.change === change) return rendered;
      }
      if (old) return entry.making ?? make(key, entry, made);
      if ((age >= FRESH_MS || entry.change !== change) && entry.making === undefined) {
        make(key, entry, made).catch(() => {}); // The next reader that must wait hears of it.
      }
      return entry.rendered as Rendered;
    },
    changed() {
      change += 1;
    },
    changes: () => change,
  };
}

const packers = { gzip: promisify(gzip), br: promisify(brotliCompress) };

async function pack({ type, text }: { type: string; text: string }): Promise<Rendered> {
  const identity = Buffer.from(text);
  const etag = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
  const rendered: Rendered = { etag, type, identity };
  if (identity.length < SMALLEST_PACKED) return rendered;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_SIZE_HINT]: identity.length,
  };
  const [zipped, br] = await Promise.all([
    packers.gzip(identity, { level: 6 }),
    packers.br(identity, { params }),
  ]);
  return { ...rendered, gzip: zipped, br };
}
