/**
 * Whether a text matches a pattern list as ssh_config(5), PATTERNS, has it: patterns separated by
 * commas, `*` and `?` as wildcards, and one that begins with `!` excludes what it matches.
 */
export function matchesPatternList(text: string, list: string): boolean {
  let matched = false;
  for (const pattern of list.split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false;
    } else if (matchesPattern(text, pattern)) matched = true;
  }
  return matched;
}

/** One pattern, in a time bounded by the product of the lengths: only the last `*` is retried. */
function matchesPattern(text: string, pattern: string): boolean {
  let t = 0;
  let p = 0;
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      starText = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      p = star + 1;
      t = ++starText;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
