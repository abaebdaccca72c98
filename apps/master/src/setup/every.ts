import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';

/** Something that is done again and again. */
export interface Repeated {
  /** The first round begins at once; resolves when it has ended. */
  start(): Promise<void>;
  /** No round begins after this; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Rounds never overlap: the pause begins when a round has ended. A failed round is followed by others. */
export function every(
  ms: number,
  round: () => Promise<void>,
  onError: (error: unknown) => void,
): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  const run = () => {
    running = round()
      .catch(onError)
      .then(() => {
        if (!stopped) timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
      });
  };
  return {
    async start() {
      run();
      await running;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
