/** The middle one; of two middle ones the lower. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Three significant digits: more would be noise. */
export function round(number: number): number {
  return Number(number.toPrecision(3));
}

export function rounded<K extends string>(figures: Record<K, number>): Record<K, number> {
  const entries = Object.entries<number>(figures).map(([name, value]) => [name, round(value)]);
  return Object.fromEntries(entries) as Record<K, number>;
}

/** The last line of every benchmark, on stdout; what it says on the way goes to stderr. */
export function conclude(result: {
  bench: string;
  runs: number;
  ours: Record<string, number>;
  peer: Record<string, number>;
  ratio: Record<string, number>;
  [more: string]: unknown;
}): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
