const LONGEST_QUEUE = 256;

interface Queue {
  last: Promise<unknown>;
  length: number;
}

const queues = new WeakMap<object, Map<string, Queue>>();

/**
 * Run actions of one owner and key one after the other, in the order they were asked for, so that
 * of two heads that arrive together neither is compared with what the other is about to replace.
 *
 * @returns undefined, without running the action, when 256 are waiting already.
 */
export async function inTurn<T>(
  owner: object,
  key: string,
  action: () => Promise<T>,
): Promise<T | undefined> {
  const ofOwner = queues.get(owner) ?? new Map<string, Queue>();
  queues.set(owner, ofOwner);
  const queue = ofOwner.get(key) ?? { last: Promise.resolve(), length: 0 };
  ofOwner.set(key, queue);
  if (queue.length >= LONGEST_QUEUE) return undefined;
  queue.length += 1;
  const mine = queue.last.then(action);
  queue.last = mine.catch(() => {}); // The next in turn starts all the same; `mine` still rejects.
  try {
    return await mine;
  } finally {
    queue.length -= 1;
    if (queue.length === 0) ofOwner.delete(key);
  }
}
