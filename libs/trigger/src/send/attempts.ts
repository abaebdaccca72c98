/** The attempts of a sender that are under way, so that closing it can end them all. */
export interface Attempts {
  /**
   * Run one, with a controller of its own that aborts with the caller's signal or on `close`.
   * (AbortSignal.any would tie every attempt to one long-lived signal of the sender.)
   */
  run<T>(
    callers: AbortSignal | undefined,
    work: (attempt: AbortController) => Promise<T>,
  ): Promise<T>;
  /** Abort all, and resolve when all have ended. */
  close(): Promise<void>;
}

export function createAttempts(): Attempts {
  const underway = new Map<AbortController, Promise<unknown>>();
  let closed = false;
  return {
    async run(callers, work) {
      const attempt = new AbortController();
      const onAbort = () => attempt.abort();
      callers?.addEventListener('abort', onAbort, { once: true });
      if (closed || callers?.aborted === true) attempt.abort();
      const working = work(attempt);
      underway.set(attempt, working);
      try {
        return await working;
      } finally {
        underway.delete(attempt);
        callers?.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      closed = true;
      for (const attempt of underway.keys()) attempt.abort();
      await Promise.allSettled(underway.values());
    },
  };
}
