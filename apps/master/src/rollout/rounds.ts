/** Work that is done again when something has changed meanwhile, once, however much did. */
export interface Rounds {
  /** Resolves when the work has been done after this call, or has failed. */
  look(name: string): Promise<void>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** One round of a name at a time. A failed one ends its rounds; `onError` says what then. */
export function createRounds(
  work: (name: string) => Promise<void>,
  onError: (name: string, error: unknown) => void,
): Rounds {
  const running = new Map<string, { again: boolean; done: Promise<void> }>();

  const repeat = async (name: string, state: { again: boolean }) => {
    try {
      while (state.again) {
        state.again = false;
        await work(name);
      }
      running.delete(name);
    } catch (error) {
      running.delete(name);
      onError(name, error);
    }
  };

  return {
    look(name) {
      const before = running.get(name);
      if (before !== undefined) {
        before.again = true;
        return before.done;
      }
      const state = { again: true, done: Promise.resolve() };
      running.set(name, state);
      state.done = repeat(name, state);
      return state.done;
    },
    async settled() {
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
