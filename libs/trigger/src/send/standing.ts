import pLimit from 'p-limit';
import type { Connected } from './connect.ts';
import type { Connection } from './connection.ts';
import type { PushTarget } from './sender.ts';

/** How standing connections are kept. Times in milliseconds. */
export interface StandingOptions {
  /** At most this many are open; 1,000 by default. */
  cap?: number;
  /** One that nobody asked to keep (`stand`) and nobody used for so long is closed; 12 h. */
  idleMs?: number;
  /** Connections that `stand` asks for are opened at random within this time; 5 s. */
  spreadMs?: number;
  /** The pause before one that was lost is opened again: doubled each time, with jitter. */
  reopen?: { minMs: number; maxMs: number };
  /** Openings in the background at once; 8. */
  openAtOnce?: number;
}

export interface StandingCounts {
  /** Targets that should have one. */
  wanted: number;
  open: number;
  opening: number;
}

/** The connections that stay open between pushes. */
export interface Standing {
  /**
   * A live connection to this target, which is in use until it is handed back with `keep` or
   * `drop`; undefined when there is none.
   */
  find(target: PushTarget): Connection | undefined;
  /** Keep a connection after a push, or close it when there is no room or there is one already. */
  keep(target: PushTarget, connection: Connection): void;
  /** A connection that disappointed: close it; when it is wanted, open another by and by. */
  drop(target: PushTarget, connection: Connection): void;
  /** These targets, as far as the cap allows, are to have one: open what is missing, by and by. */
  want(targets: readonly PushTarget[]): void;
  counts(): StandingCounts;
  close(): void;
}

interface Held {
  connection: Connection;
  usedAt: number;
  /** Pushes that run on it now; it is then not closed for want of room or use. */
  pushes: number;
}

interface Wanted {
  target: PushTarget;
  /** Times in a row that it was lost or could not be opened without a push in between. */
  losses: number;
  timer?: NodeJS.Timeout;
}

const MOST_DOUBLINGS = 12;

/**
 * The pool: at most `cap` connections, the least recently used one that nobody asked to keep goes
 * first. A wanted one that is lost is opened again in the background, after a pause that grows and
 * is never the same for two, so that a network that comes back is not met by everybody at once. A
 * push never waits for that: it opens a connection of its own, which then stays.
 */
export function createStanding(
  open: (target: PushTarget) => Promise<Connected>,
  random: () => number,
  options: StandingOptions,
): Standing {
  const cap = options.cap ?? 1_000;
  const idleMs = options.idleMs ?? 12 * 3_600_000;
  const spreadMs = options.spreadMs ?? 5_000;
  const reopen = options.reopen ?? { minMs: 1_000, maxMs: 600_000 };
  const background = pLimit(options.openAtOnce ?? 8);
  const held = new Map<string, Held>(); // In the order of their last use.
  const wanted = new Map<string, Wanted>();
  let opening = 0;
  let closed = false;
  const idleTimer = setInterval(closeIdle, Math.min(idleMs, 60_000));
  idleTimer.unref();

  function find(target: PushTarget): Connection | undefined {
    const key = keyOf(target);
    const found = held.get(key);
    if (found === undefined) return undefined;
    if (!found.connection.alive()) {
      drop(target, found.connection);
      return undefined;
    }
    held.delete(key);
    held.set(key, found);
    found.usedAt = performance.now();
    found.pushes += 1;
    const entry = wanted.get(key);
    if (entry !== undefined) entry.losses = 0;
    return found.connection;
  }

  function keep(target: PushTarget, connection: Connection): void {
    const key = keyOf(target);
    const known = held.get(key);
    if (known?.connection === connection) return void (known.pushes -= 1);
    const settled = known?.connection.alive() === true;
    if (!settled) known?.connection.close();
    if (closed || settled || !connection.alive() || !makeRoom(key)) return connection.close();
    held.set(key, { connection, usedAt: performance.now(), pushes: 0 });
    connection.onGone(() => {
      if (held.get(key)?.connection !== connection) return;
      held.delete(key);
      openLater(key);
    });
  }

  function drop(target: PushTarget, connection: Connection): void {
    const key = keyOf(target);
    if (held.get(key)?.connection === connection) {
      held.delete(key);
      openLater(key);
    }
    connection.close();
  }

  function want(targets: readonly PushTarget[]): void {
    const chosen = new Map(targets.slice(0, cap).map((target) => [keyOf(target), target]));
    for (const [key, { timer }] of wanted) {
      if (chosen.has(key)) continue;
      clearTimeout(timer);
      wanted.delete(key);
      closeUnused(key);
    }
    for (const [key, target] of chosen) {
      if (wanted.has(key)) continue;
      const entry: Wanted = { target, losses: 0 };
      wanted.set(key, entry);
      entry.timer = setTimeout(() => void openNow(key, entry), random() * spreadMs);
    }
  }

  /** It is not asked for any more; a push that runs on it comes to its end. */
  function closeUnused(key: string): void {
    const found = held.get(key);
    if (found === undefined || found.pushes > 0) return;
    held.delete(key);
    found.connection.close();
  }

  function openLater(key: string): void {
    const entry = wanted.get(key);
    if (entry === undefined || closed) return;
    const doubled = reopen.minMs * 2 ** Math.min(entry.losses, MOST_DOUBLINGS);
    entry.losses += 1;
    clearTimeout(entry.timer);
    const pause = Math.min(doubled, reopen.maxMs) * (0.5 + random());
    entry.timer = setTimeout(() => void openNow(key, entry), pause);
  }

  function openNow(key: string, entry: Wanted): Promise<void> {
    return background(async () => {
      const needed = () => !closed && wanted.get(key) === entry && !held.has(key);
      if (!needed()) return;
      opening += 1;
      const connected = await open(entry.target);
      opening -= 1;
      if (connected.ok) keep(entry.target, connected.connection);
      if (needed()) openLater(key); // It failed, or there was no room just now.
    });
  }

  function makeRoom(key: string): boolean {
    if (held.size < cap) return true;
    for (const [other, { connection, pushes }] of held) {
      if (wanted.has(other) || pushes > 0) continue;
      held.delete(other);
      connection.close();
      return true;
    }
    return held.has(key);
  }

  function closeIdle(): void {
    const oldest = performance.now() - idleMs;
    for (const [key, { connection, usedAt, pushes }] of held) {
      if (usedAt > oldest) return;
      if (wanted.has(key) || pushes > 0) continue;
      held.delete(key);
      connection.close();
    }
  }

  return {
    find,
    keep,
    drop,
    want,
    counts: () => ({ wanted: wanted.size, open: held.size, opening }),
    close() {
      closed = true;
      clearInterval(idleTimer);
      for (const { timer } of wanted.values()) clearTimeout(timer);
      wanted.clear();
      const connections = [...held.values()];
      held.clear();
      for (const { connection } of connections) connection.close();
    },
  };
}

/** Two targets share a connection only when all that was checked to open it is the same. */
function keyOf(target: PushTarget): string {
  return JSON.stringify([target.host, target.port, target.user, target.hostKey]);
}
