/** One mirror as the demo shows it. */
export interface Row {
  mirror: string;
  tier: number;
  upstream: string;
  state: string;
  serial: number | undefined;
  /** From publish to commit. */
  seconds: number | undefined;
  reason: string | undefined;
}

/** Shows how mirrors move from state to state. */
export interface LiveTable {
  update(rows: readonly Row[]): void;
  /** Leave the table as it stands; the next update starts a new one. */
  finish(): void;
}

/** On a terminal one table that changes in place; elsewhere one line for each change. */
export function createLiveTable(out: NodeJS.WriteStream): LiveTable {
  return out.isTTY ? tableInPlace(out) : linesOfChanges((line) => out.write(`${line}\n`));
}

function tableInPlace(out: NodeJS.WriteStream): LiveTable {
  let drawn: string[] = [];
  return {
    update(rows) {
      const lines = tableOf(rows).map((line) => line.slice(0, out.columns || 80));
      if (lines.join('\n') === drawn.join('\n')) return;
      const up = drawn.length === 0 ? '' : `\x1b[${drawn.length}A`;
      out.write(up + lines.map((line) => `\x1b[2K${line}\n`).join('') + '\x1b[0J');
      drawn = lines;
    },
    finish() {
      drawn = [];
    },
  };
}

function linesOfChanges(say: (line: string) => void): LiveTable {
  const shown = new Map<string, string>();
  return {
    update(rows) {
      for (const row of rows) {
        const line = [row.mirror.padEnd(8), row.state, detailOf(row)].join(' ').trimEnd();
        if (shown.get(row.mirror) !== line) say(`  ${line}`);
        shown.set(row.mirror, line);
      }
    },
    finish: () => shown.clear(),
  };
}

function detailOf({ state, seconds, reason }: Row): string {
  if (reason !== undefined && state !== 'committed') return `(${reason})`;
  return seconds === undefined ? '' : `(${seconds.toFixed(1)} s after publish)`;
}

/** A header and a line for each mirror, in columns that are as wide as they need to be. */
export function tableOf(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    `${'  '.repeat(row.tier - 1)}${row.mirror}`,
    row.upstream,
    row.state,
    row.serial === undefined ? '-' : String(row.serial),
    row.seconds === undefined ? '' : `${row.seconds.toFixed(1)} s`,
    row.state === 'committed' ? '' : (row.reason ?? ''),
  ]);
  const all = [['mirror', 'pulls from', 'state', 'serial', 'after', ''], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  return all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
