import { setTimeout as delay } from 'node:timers/promises';
import { REPORTS_PER_REQUEST } from '@pushmirror/trigger';
import type { MasterClient } from './master-client.ts';
import type { News, Outbox } from './outbox.ts';

/** Sends reports to the master, in order, until it has them all; nothing ever waits for it. */
export interface Reporter {
  /** Resolves when the report is kept on disk, whether the master can be reached or not. */
  report(news: News): Promise<void>;
  /** Nothing more is coming soon: send what there is. */
  hurry(): void;
  status(): { waiting: number; lastError?: string };
  /** Send what is there, for at most this long, and end. */
  close(graceMs: number): Promise<void>;
}

export interface ReporterOptions {
  outbox: Outbox;
  /** Without a master the reports are not kept. */
  master: MasterClient | undefined;
  random: () => number;
  /** The digest of the downstream list as the master has it now. */
  onDownstreams: (digest: string) => void;
  onProblem: (reason: string) => void;
}

const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** So long these wait for what comes next: most syncs are over by then, and it is one request. */
const PATIENCE_MS = 250;

export function createReporter(options: ReporterOptions): Reporter {
  const { outbox, master } = options;
  const ending = new AbortController();
  let wake = () => {};
  /** When what is in the outbox is to leave, by performance.now(). */
  let dueAt = 0;
  let failures = 0;
  let lastError: string | undefined;
  /** How many are still sent one by one. */
  let refusals = 0;
  const sending = master === undefined ? Promise.resolve() : sendForever(master);

  async function sendForever(client: MasterClient): Promise<void> {
    for (;;) {
      if (outbox.size() === 0) {
        if (ending.signal.aborted) return;
        dueAt = Number.POSITIVE_INFINITY;
        await wokenOr(dueAt);
        continue;
      }
      const early = dueAt - performance.now();
      if (early > 0 && !ending.signal.aborted) {
        await wokenOr(early);
        continue;
      }
      dueAt = Number.POSITIVE_INFINITY;
      const hasMore = outbox.size() > REPORTS_PER_REQUEST;
      const sent = await sendOnce(client);
      if (hasMore || refusals > 0 || !sent) dueAt = 0;
      if (sent) {
        failures = 0;
        lastError = undefined;
        continue;
      }
      if (ending.signal.aborted) return;
      failures += 1;
      await delay(pause(failures), undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  async function wokenOr(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (Number.isFinite(ms)) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** True when the oldest report has left the outbox. */
  async function sendOnce(client: MasterClient): Promise<boolean> {
    // After a request that the master found wrong, one at a time, to find the one it cannot take.
    const batch = outbox.first(refusals > 0 ? 1 : REPORTS_PER_REQUEST);
    const answer = await client.report(batch);
    const [first] = batch;
    if (answer.kind === 'ok') {
      refusals = Math.max(0, refusals - 1);
      options.onDownstreams(answer.value.downstreams);
      if (answer.value.acknowledged !== null) await outbox.acknowledge(answer.value.acknowledged);
      // Not by its length: others may have been added while this was written down.
      const [oldest] = outbox.first(1);
      if (oldest === undefined || oldest.id !== first?.id) return true;
      return failed('The master acknowledged none of the reports.');
    }
    if (answer.kind === 'refused' && [400, 413, 422].includes(answer.status)) {
      failed(answer.reason);
      if (batch.length > 1) refusals = batch.length;
      else if (first !== undefined) await outbox.drop(first.id);
      return true;
    }
    return failed(answer.reason);
  }

  function failed(reason: string): false {
    if (reason !== lastError) options.onProblem(reason);
    lastError = reason;
    return false;
  }

  /** Doubling, with jitter, so that a network of agents does not come back all at once. */
  function pause(attempt: number): number {
    const whole = Math.min(SHORTEST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    return whole * (0.5 + options.random() / 2);
  }

  return {
    async report(news) {
      if (master === undefined) return;
      await outbox.add(news);
      dueAt = Math.min(dueAt, performance.now() + (isOnTheWay(news) ? PATIENCE_MS : 0));
      wake();
    },
    hurry() {
      dueAt = 0;
      wake();
    },
    status: () => ({
      waiting: outbox.size(),
      ...(lastError === undefined ? {} : { lastError }),
    }),
    async close(graceMs) {
      ending.abort();
      wake();
      const grace = new AbortController();
      const end = delay(graceMs, undefined, { signal: grace.signal }).catch(() => {});
      await Promise.race([sending, end]);
      grace.abort();
    },
  };
}

/** Something else is likely to follow soon. */
function isOnTheWay({ event, state = 'waiting' }: News): boolean {
  if (event === 'push') return ['waiting', 'sending', 'accepted'].includes(state);
  return ['accepted', 'syncing', 'staged'].includes(event);
}
