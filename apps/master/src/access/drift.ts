import { readFile } from 'node:fs/promises';

/** A line that is in a file and should not be, or the other way round. */
export interface Drift {
  file: string;
  /** From 1, in the file as it should be (`missing`) or as it is (`unexpected`). */
  line: number;
  what: 'missing' | 'unexpected';
  /** The line; never of a file that holds secrets. */
  text: string;
}

/** Compare files with what they should hold; a secret is never shown. */
export async function driftOf(wanted: readonly { path: string; text: string }[]): Promise<Drift[]> {
  const all = wanted.map(async ({ path, text }) => {
    const found = await readFile(path, 'utf8').catch(() => '');
    const isSecret = path.endsWith('.secrets');
    return differences(text, found).map(({ line, what, text: shown }) => {
      const plain = isSecret ? shown.replace(/:.*/, ':(secret)') : shown;
      return { file: path, line, what, text: plain };
    });
  });
  return (await Promise.all(all)).flat();
}

/** The lines that are on one side only; else the first that stands elsewhere. */
function differences(wanted: string, found: string): Omit<Drift, 'file'>[] {
  const [should, is] = [linesOf(wanted), linesOf(found)];
  const only = (some: readonly string[], others: readonly string[], what: Drift['what']) => {
    const left = new Map<string, number>();
    for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
    return some.flatMap((text, index) => {
      const count = left.get(text) ?? 0;
      left.set(text, count - 1);
      return count > 0 ? [] : [{ line: index + 1, what, text }];
    });
  };
  const lines = [...only(should, is, 'missing'), ...only(is, should, 'unexpected')];
  // The same lines in another order may be in another module.
  const moved = should.findIndex((text, index) => text !== is[index]);
  if (lines.length > 0 || moved === -1) return lines;
  return [{ line: moved + 1, what: 'missing', text: should[moved] ?? '' }];
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
