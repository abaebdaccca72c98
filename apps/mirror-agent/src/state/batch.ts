/** Adds one item; resolves when a write that covers it is done. */
export type Batch<T> = (item: T) => Promise<void>;

/**
 * Group commit: while one write is under way, all further items wait and then go into the next one
 * together. A hundred events so cost a few fsyncs, and each is still durable before it is said so.
 */
export function createBatch<T>(write: (items: readonly T[]) => Promise<void>): Batch<T> {
  let waiting: T[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  return (item) => {
    waiting.push(item);
    next ??= current
      .catch(() => {})
      .then(() => {
        const items = waiting;
        waiting = [];
        current = write(items);
        next = undefined;
        return current;
      });
    return next;
  };
}
