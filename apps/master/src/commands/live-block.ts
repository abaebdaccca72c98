/** Lines of a terminal that are drawn anew as things change. */
export interface LiveBlock {
  /** Draw soon; what is asked for in between is drawn once. */
  show(draw: () => string[]): void;
  /** A line that stays, above the block. */
  line(text: string): void;
  /** The last drawing stays. */
  end(lines: string[]): void;
}

const BETWEEN_DRAWINGS_MS = 100;
/** Of a terminal that does not say how high it is. */
const USUAL_ROWS = 24;

export function createLiveBlock(stream: {
  rows?: number;
  write(text: string): unknown;
}): LiveBlock {
  let height = 0;
  let next: (() => string[]) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const erase = () => (height === 0 ? '' : `\x1b[${height}A\r\x1b[0J`);
  /** A block that is higher than the screen cannot be drawn over: its end is left out. */
  const paint = (lines: string[], above = '') => {
    const rows = stream.rows ?? 0;
    const fitting = lines.slice(0, (rows > 1 ? rows : USUAL_ROWS) - 1);
    stream.write(`${erase()}${above}${fitting.map((line) => `${line}\n`).join('')}`);
    height = fitting.length;
  };
  const paintNext = () => {
    timer = undefined;
    if (next === undefined) return;
    paint(next());
    next = undefined;
    timer = setTimeout(paintNext, BETWEEN_DRAWINGS_MS);
  };

  return {
    show(draw) {
      next = draw;
      if (timer === undefined) paintNext();
    },
    line: (text) => paint([], `${text}\n`),
    end(lines) {
      clearTimeout(timer);
      next = undefined;
      stream.write(`${erase()}${lines.map((line) => `${line}\n`).join('')}`);
      height = 0;
    },
  };
}
