import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds until the wait is given up. */
  deadlineMs: number;
  /** What was waited for, and how things stand instead; asked only when the wait fails. */
  describe: string | (() => string | Promise<string>);
  /** Milliseconds between two looks; 50 by default. */
  everyMs?: number;
  signal?: AbortSignal;
}

/**
 * Look again and again until `condition` gives something other than false or undefined. What it
 * throws counts as "not yet", and is told when the deadline passes.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | undefined>> {
  const endsAt = performance.now() + options.deadlineMs;
  let lastError: unknown;
  while (performance.now() < endsAt) {
    options.signal?.throwIfAborted();
    try {
      const value = await condition();
      lastError = undefined;
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      lastError = error;
    }
    await delay(options.everyMs ?? 50);
  }
  const what = typeof options.describe === 'string' ? options.describe : await options.describe();
  const error = lastError instanceof Error ? `\nLast error: ${lastError.message}` : '';
  throw new Error(`Not within ${options.deadlineMs / 1000} s: ${what}${error}`);
}
