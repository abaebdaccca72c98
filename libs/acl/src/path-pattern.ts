/** A path inside an archive in its one plain spelling: `a/b/c`, without `.`, `..` or empty parts. */
export function isPlainPath(path: string): boolean {
  if (path.length > 4096 || /\p{Cc}/u.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/**
 * Whether a pattern stands for a path. `*` and `?` match within one part of the path, `**` any
 * number of parts; a pattern stands for what it matches and for everything below it.
 */
export function matchesPath(pattern: string, path: string): boolean {
  const parts = [...pattern.split('/'), '**'];
  return matchesWild(parts, path.split('/'), '**', matchesPart);
}

/** How much of a path a pattern pins down: its characters that are no wildcards. */
export function literalLength(pattern: string): number {
  return pattern.replace(/[*?]/g, '').length;
}

function matchesPart(pattern: string, part: string): boolean {
  const same = (one: string, character: string) => one === '?' || one === character;
  return matchesWild(Array.from(pattern), Array.from(part), '*', same);
}

/**
 * Wildcard matching in bounded time (pattern times text): only the last star that was met needs to
 * be tried again, since an earlier one could gain nothing by taking more.
 */
function matchesWild(
  pattern: readonly string[],
  text: readonly string[],
  star: string,
  matchesOne: (pattern: string, text: string) => boolean,
): boolean {
  let at = 0;
  let afterStar = -1;
  let retryFrom = 0;
  for (let i = 0; i < text.length;) {
    const wanted = pattern[at];
    if (wanted === star) {
      afterStar = ++at;
      retryFrom = i;
    } else if (wanted !== undefined && matchesOne(wanted, text[i] ?? '')) {
      at++;
      i++;
    } else if (afterStar >= 0) {
      at = afterStar;
      i = ++retryFrom;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every((one) => one === star);
}
