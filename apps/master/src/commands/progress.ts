/** Progress for people: one line that is rewritten on a terminal, plain lines elsewhere. */
export interface Progress {
  /** What is going on now. */
  show(text: string): void;
  /** Something that stays. */
  line(text: string): void;
  /** Nothing more to show. */
  end(): void;
}

const BETWEEN_LINES_MS = 5_000;

export function createProgress(
  stream: { isTTY?: boolean; columns?: number; write(text: string): unknown },
  now: () => number = () => performance.now(),
): Progress {
  return stream.isTTY === true ? onTerminal(stream) : inLines(stream, now);
}

/** Work that shows its progress; however it ends, what is said after it stands on a line of its own. */
export async function ending<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    progress.end();
  }
}

function onTerminal(stream: { columns?: number; write(text: string): unknown }): Progress {
  const clear = '\r\x1b[K';
  // A terminal that does not know its width says 0.
  const width = () => (stream.columns || 80) - 1;
  return {
    show: (text) => void stream.write(clear + text.slice(0, width())),
    line: (text) => void stream.write(`${clear}${text}\n`),
    end: () => void stream.write(clear),
  };
}

/** The same text is not repeated, and what changes all the time is shown every few seconds. */
function inLines(stream: { write(text: string): unknown }, now: () => number): Progress {
  let last = '';
  let at = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      if (text === last || now() - at < BETWEEN_LINES_MS) return;
      last = text;
      at = now();
      stream.write(`${text}\n`);
    },
    line: (text) => void stream.write(`${text}\n`),
    end: () => {},
  };
}
