/** Runs what is about one thing one after another, and what is about different things at once. */
export interface Turns {
  take<T>(about: string, action: () => Promise<T>): Promise<T>;
}

/** A queue for each name; a failed turn does not stop the ones behind it. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(about, action) {
      const before = last.get(about) ?? Promise.resolve();
      const turn = before.then(action, action);
      const settled = turn.then(
        () => {},
        () => {},
      );
      last.set(about, settled);
      void settled.then(() => {
        if (last.get(about) === settled) last.delete(about);
      });
      return turn;
    },
  };
}
