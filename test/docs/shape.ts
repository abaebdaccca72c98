/**
 * Whether what was printed is what a document shows: the same words in the same lines, whatever the
 * numbers; `…` stands for anything within a line, and on a line of its own for any lines.
 *
 * @returns undefined, or the first shown line that was not printed where it should be
 */
export function differsFrom(shown: string, printed: string): string | undefined {
  const wanted = linesOf(shown);
  const real = linesOf(printed);
  let at = 0;
  let skipping = false;
  for (const line of wanted) {
    if (line === '…') {
      skipping = true;
      continue;
    }
    const pattern = patternOf(line);
    const found = skipping
      ? real.findIndex((one, index) => index >= at && pattern.test(one))
      : pattern.test(real[at] ?? '')
        ? at
        : -1;
    if (found < 0) return line;
    at = found + 1;
    skipping = false;
  }
  return skipping || at === real.length ? undefined : `(nothing more, but ${real[at]})`;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Numbers may be others, and columns wider. */
function patternOf(line: string): RegExp {
  const parts = line.split(/(…|\d[\d.,]*|\s+)/).map((part) => {
    if (part === '…') return '.*';
    if (/^\d/.test(part)) return '\\d[\\d.,]*';
    if (/^\s+$/.test(part)) return '\\s+';
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
