/** Those who wait, by rank (lower first), and in the order of their coming within a rank. */
export interface WaitingLine<T> {
  readonly length: number;
  add(rank: number, item: T): void;
  remove(rank: number, item: T): void;
  /** The first one, who leaves the line. */
  next(): T | undefined;
}

export function createWaitingLine<T>(): WaitingLine<T> {
  const ranks = new Map<number, Set<T>>();
  let length = 0;

  function remove(rank: number, item: T): void {
    const line = ranks.get(rank);
    if (line?.delete(item) !== true) return;
    length -= 1;
    if (line.size === 0) ranks.delete(rank);
  }

  return {
    get length() {
      return length;
    },
    add(rank, item) {
      const line = ranks.get(rank) ?? new Set();
      ranks.set(rank, line.add(item));
      length += 1;
    },
    remove,
    next() {
      if (length === 0) return undefined;
      const rank = Math.min(...ranks.keys());
      for (const item of ranks.get(rank) ?? []) {
        remove(rank, item);
        return item;
      }
      return undefined;
    },
  };
}
