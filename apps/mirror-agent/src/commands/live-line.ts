/** Lines for people: those that stay, and one that tells how far something is. */
export interface LiveLine {
  /** A line that stays. */
  print(text: string): void;
  /** How far it is: in place on a terminal, elsewhere a line now and then. */
  tell(text: string): void;
  end(): void;
}

/** A terminal, or what is written to instead of one. */
export interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Without a terminal, progress is a line at most so often. */
const PLAIN_EVERY_MS = 10_000;
/** On a terminal, oftener than that nobody can read. */
const LIVE_EVERY_MS = 100;

export function createLiveLine(
  screen: Screen = process.stdout,
  now: () => number = () => performance.now(),
): LiveLine {
  const live = screen.isTTY === true;
  // The first plain line comes when something takes long; on a terminal at once.
  let toldAt = live ? Number.NEGATIVE_INFINITY : now();
  let open = false;

  function print(text: string): void {
    screen.write(`${open ? '\r\u001b[K' : ''}${text}\n`);
    open = false;
  }

  return {
    print,
    tell(text) {
      if (now() - toldAt < (live ? LIVE_EVERY_MS : PLAIN_EVERY_MS)) return;
      toldAt = now();
      if (!live) return print(text);
      screen.write(`\r\u001b[K${text.slice(0, (screen.columns || 80) - 1)}`);
      open = true;
    },
    end() {
      if (open) screen.write('\r\u001b[K');
      open = false;
    },
  };
}
