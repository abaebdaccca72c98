import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';

/** Something that waits for news or for a time, whichever is first. */
export interface Wakeup {
  /** Resolves at the next `wake`, after `ms`, or when the signal aborts. */
  wait(ms?: number): Promise<void>;
  /** When nobody waits just now, the next wait resolves at once. */
  wake(): void;
}

export function createWakeup(signal: AbortSignal): Wakeup {
  let pending = false;
  let resolveWait: (() => void) | undefined;
  const wake = () => {
    pending = true;
    resolveWait?.();
  };
  signal.addEventListener('abort', wake);

  return {
    wake,
    async wait(ms) {
      let timer: NodeJS.Timeout | undefined;
      if (!pending && !signal.aborted) {
        await new Promise<void>((resolve) => {
          resolveWait = resolve;
          if (ms !== undefined) timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS));
        });
      }
      clearTimeout(timer);
      resolveWait = undefined;
      pending = false;
    },
  };
}
