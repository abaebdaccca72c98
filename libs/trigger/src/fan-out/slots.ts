import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

/** `live`: first attempts. `retry`: attempts of pushes that have failed before. */
export type Lane = 'live' | 'retry';

/** The right to one attempt. Give it back, once, with `release`. */
export interface Slot {
  release(): void;
}

export interface SlotRequest {
  lane: Lane;
  /** Lower goes first within the lane. */
  rank: number;
  /** Leave the line. */
  signal: AbortSignal;
  /** Called at most once, while the slot is held: others need it, give it back soon. */
  onYield: () => void;
}

export interface Slots {
  /** Resolves when a slot is free; rejects with the signal's reason. */
  take(request: SlotRequest): Promise<Slot>;
  close(): void;
}

interface Held {
  request: SlotRequest;
  since: number;
  yielding: boolean;
}

interface Waiter {
  request: SlotRequest;
  grant: (slot: Slot) => void;
}

/**
 * The bounded number of attempts at once, shared so that dead mirrors never cost the live ones:
 *
 * - Either lane may use every slot while the other has nobody waiting. When both wait, retries get
 *   `retryShare` of them and first attempts the rest.
 * - When first attempts wait, retries that hold more than their share yield at once, and a first
 *   attempt that has held its slot for longer than `patience()` yields too: it is probably dead,
 *   and gets its full deadline among the retries.
 *
 * Who takes a slot, who waits and who yields is decided here; nothing is ever polled.
 */
export function createSlots(options: {
  total: number;
  retryShare: number;
  /** Milliseconds. */
  patience: () => number;
}): Slots {
  const { total, retryShare } = options;
  const waiting: Record<Lane, WaitingLine<Waiter>> = {
    live: createWaitingLine(),
    retry: createWaitingLine(),
  };
  // In the order of their taking, so that the first is the longest held.
  const held: Record<Lane, Set<Held>> = { live: new Set(), retry: new Set() };
  let yielding = 0;
  let due = false;
  let reminder: NodeJS.Timeout | undefined;

  function take(request: SlotRequest): Promise<Slot> {
    return new Promise((resolve, reject) => {
      if (request.signal.aborted) return reject(reasonOf(request.signal));
      const leave = () => {
        waiting[request.lane].remove(request.rank, waiter);
        reject(reasonOf(request.signal));
      };
      const waiter: Waiter = {
        request,
        grant(slot) {
          request.signal.removeEventListener('abort', leave);
          resolve(slot);
        },
      };
      waiting[request.lane].add(request.rank, waiter);
      request.signal.addEventListener('abort', leave, { once: true });
      soon();
    });
  }

  /** After this turn, so that of all who come in one turn the first in rank goes first. */
  function soon(): void {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      grantWhatIsFree();
      askForMore();
    });
  }

  function grantWhatIsFree(): void {
    while (held.live.size + held.retry.size < total) {
      const waiter = waiting[nextLane()].next();
      if (waiter === undefined) return;
      grant(waiter);
    }
  }

  function nextLane(): Lane {
    if (waiting.live.length === 0) return 'retry';
    if (waiting.retry.length === 0) return 'live';
    return held.retry.size < retryShare && held.live.size >= total - retryShare ? 'retry' : 'live';
  }

  function grant({ request, grant: give }: Waiter): void {
    const mine: Held = { request, since: performance.now(), yielding: false };
    const lane = held[request.lane].add(mine);
    give({
      release() {
        if (!lane.delete(mine)) return;
        if (mine.yielding) yielding -= 1;
        soon();
      },
    });
  }

  /** Ask for as many slots back as there are first attempts waiting, where that is fair. */
  function askForMore(): void {
    clearTimeout(reminder);
    while (waiting.live.length > yielding) {
      if (borrowed() > 0) {
        askBack(oldest(held.retry));
        continue;
      }
      const candidate = oldest(held.live);
      if (candidate === undefined) return;
      const left = candidate.since + options.patience() - performance.now();
      if (left > 0) {
        reminder = setTimeout(askForMore, left).unref();
        return;
      }
      askBack(candidate);
    }
  }

  /** Slots that retries hold beyond their share and have not been asked for yet. */
  function borrowed(): number {
    let kept = 0;
    for (const one of held.retry) if (!one.yielding) kept += 1;
    return kept - retryShare;
  }

  function askBack(one: Held | undefined): void {
    if (one === undefined) return;
    one.yielding = true;
    yielding += 1;
    one.request.onYield();
  }

  return { take, close: () => clearTimeout(reminder) };
}

function oldest(lane: Set<Held>): Held | undefined {
  for (const one of lane) if (!one.yielding) return one;
  return undefined;
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('cancelled');
}
