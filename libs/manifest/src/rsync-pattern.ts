/**
 * Compile a pattern of an rsync filter rule (rsync(1), "PATTERN MATCHING RULES") to a test of a
 * path, given from the archive's folder on, without a slash at its start. As in rsync's
 * rule_matches, a pattern without a slash looks at the last name only; one that starts with a slash
 * at the whole path; any other at the end of the path, from a slash on.
 */
export function compilePattern(pattern: string): (path: string, isFolder: boolean) => boolean {
  const foldersOnly = pattern.length > 1 && pattern.endsWith('/');
  const bare = foldersOnly ? pattern.slice(0, -1) : pattern;
  const anchored = bare.startsWith('/');
  const body = anchored ? bare.slice(1) : bare;
  const withContents = body.endsWith('/***');
  const wild = /[*?[]/.test(body);
  const crosses = body.includes('**');
  const nameOnly = !anchored && !body.includes('/') && !crosses;

  const source = wild ? translate(body) : escape(body);
  const expression = new RegExp(`^${startOf(anchored || nameOnly, body)}${source}$`, 's');
  const slashFirst = !anchored && body.startsWith('**');

  return (path, isFolder) => {
    if (foldersOnly && !isFolder) return false;
    let subject = nameOnly ? path.slice(path.lastIndexOf('/') + 1) : path;
    if (slashFirst) subject = `/${subject}`;
    if (withContents && isFolder) subject = `${subject}/`;
    return expression.test(subject);
  };
}

/** What may come before the pattern: nothing, or any folders. `**` at its start takes all itself. */
function startOf(whole: boolean, body: string): string {
  return whole || body.startsWith('**') ? '' : '(?:.*/)?';
}

/** rsync's wildmatch: `*` and `?` stay within a name, `**` does not, `[...]` is one character. */
function translate(body: string): string {
  let source = '';
  for (let at = 0; at < body.length; at++) {
    const c = body.charAt(at);
    if (c === '*') {
      const stars = /^\*+/.exec(body.slice(at))?.[0].length ?? 1;
      source += stars > 1 ? '.*' : '[^/]*';
      at += stars - 1;
    } else if (c === '?') {
      source += '[^/]';
    } else if (c === '[') {
      const set = readSet(body, at);
      if (set === undefined) return '(?!)'; // rsync: an unfinished set matches nothing.
      source += set.source;
      at = set.last;
    } else if (c === '\\' && at + 1 < body.length) {
      at += 1;
      source += escape(body.charAt(at));
    } else {
      source += escape(c);
    }
  }
  return source;
}

const SET = /^\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]/s;
const CLASSES: Record<string, string> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
  space: '\\s',
  punct: '!-/:-@[-`{-~',
};

function readSet(body: string, at: number): { source: string; last: number } | undefined {
  const found = SET.exec(body.slice(at));
  if (found === null) return undefined;
  const [all, negated, members = ''] = found;
  let inside = '';
  for (let i = 0; i < members.length; i++) {
    const named = /^\[:([a-z]+):\]/.exec(members.slice(i));
    if (named !== null) {
      inside += (CLASSES[named[1] ?? ''] ?? '').replace(/[[\]`^]/g, '\\$&');
      i += named[0].length - 1;
    } else if (members.charAt(i) === '-' && i > 0 && i < members.length - 1) {
      inside += '-';
    } else {
      if (members.charAt(i) === '\\' && i + 1 < members.length) i += 1;
      inside += members.charAt(i).replace(/[-\\\]^[]/, '\\$&');
    }
  }
  try {
    const source = `(?!/)[${negated === '' ? '' : '^'}${inside}]`;
    void new RegExp(source, 's'); // A range the wrong way round is an error here.
    return { source, last: at + all.length - 1 };
  } catch {
    return undefined;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
