/** The settings of a file that a shell would source, read without a shell. */
export interface ShellSettings {
  settings: ReadonlyMap<string, { value: string; line: number }>;
  /** What only a shell could say, each with the line that it begins at. */
  notUnderstood: readonly { line: number; text: string; why: string }[];
}

const ASSIGNMENT = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
const OPENS = /^(?:if|for|while|until|case|select)\b|^(?:function\b.*|[A-Za-z_][\w-]*[ \t]*\(\).*)/;
const CLOSES = /^(?:fi|done|esac|\})\b|^\}/;
const MOST_LINES = 10_000;

/**
 * Read `NAME=value` lines as bash would: quotes, escapes, values over several lines, and references
 * to names of the same file or of `known`. Nothing is ever run; substitutions, conditions and commands
 * are listed instead, and what stands within a condition counts for nothing.
 */
export function readShellSettings(
  text: string,
  known: Readonly<Record<string, string>> = {},
): ShellSettings {
  const settings = new Map<string, { value: string; line: number }>();
  const notUnderstood: { line: number; text: string; why: string }[] = [];
  let at = 0;
  let line = 1;
  let depth = 0;

  const valueOf = (name: string) => settings.get(name)?.value ?? known[name];
  while (at < text.length && line <= MOST_LINES) {
    const rest = text.slice(at);
    const end = rest.indexOf('\n') < 0 ? rest.length : rest.indexOf('\n');
    const whole = rest.slice(0, end).trim();
    const skip = () => {
      at += end + 1;
      line += 1;
    };
    const complain = (why: string) => {
      notUnderstood.push({ line, text: printable(whole), why });
      skip();
    };
    if (whole === '' || whole.startsWith('#')) {
      skip();
      continue;
    }
    if (CLOSES.test(whole)) depth = Math.max(0, depth - 1);
    else if (OPENS.test(whole)) depth += closesItself(whole) ? 0 : 1;
    const indent = rest.length - rest.trimStart().length;
    const found = ASSIGNMENT.exec(rest.slice(indent));
    if (found === null || depth > 0) {
      complain(depth > 0 ? 'it depends on a condition' : 'it is a command of the shell');
      continue;
    }
    const [before, name = '', plus] = found;
    const read = readValue(rest.slice(indent + before.length), valueOf);
    if ('why' in read) {
      complain(read.why);
      continue;
    }
    const value = plus === '+' ? `${settings.get(name)?.value ?? ''}${read.value}` : read.value;
    settings.set(name, { value, line });
    const used = rest.slice(0, indent + before.length + read.length);
    const tail = text.slice(at + used.length);
    const toEnd = tail.indexOf('\n') < 0 ? tail.length : tail.indexOf('\n');
    line += used.split('\n').length;
    at += used.length + toEnd + 1;
  }
  return { settings, notUnderstood };
}

/** The words of a value, as the shell splits an unquoted one. */
export function wordsOf(value: string): string[] {
  return value.split(/[ \t\n]+/).filter((word) => word !== '');
}

type Value = { value: string; length: number } | { why: string };

/** A value up to the blank, comment or line's end behind it. */
function readValue(text: string, valueOf: (name: string) => string | undefined): Value {
  let value = '';
  let i = 0;
  let quote = '';
  for (; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (quote === "'") {
      if (c === "'") quote = '';
      else value += c;
    } else if (c === '\\') {
      const next = text.charAt((i += 1));
      if (next === '\n') continue;
      value += quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next;
    } else if (c === '`' || (c === '$' && text.charAt(i + 1) === '(')) {
      return { why: 'it runs a program' };
    } else if (c === '$') {
      const reference = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(text.slice(i));
      if (reference === null) return { why: 'it is an expansion that only a shell can make' };
      const name = reference[1] ?? reference[2] ?? '';
      const found = valueOf(name);
      if (found === undefined) return { why: `it refers to ${name}, which is not known here` };
      value += found;
      i += reference[0].length - 1;
    } else if (quote === '"') {
      if (c === '"') quote = '';
      else value += c;
    } else if (c === '"' || c === "'") {
      quote = c;
    } else if (/\s/.test(c)) {
      break;
    } else if (';&|<>()'.includes(c)) {
      return { why: 'it is more than a setting' };
    } else if (c === '~' && value === '') {
      const home = valueOf('HOME');
      if (home === undefined) return { why: 'it refers to a home folder' };
      value += home;
    } else {
      value += c;
    }
  }
  if (quote !== '') return { why: 'its quotes do not end' };
  const behind = /^[ \t]*([^\n]*)/.exec(text.slice(i))?.[1] ?? '';
  if (behind !== '' && !behind.startsWith('#')) return { why: 'a command follows the setting' };
  return { value, length: i };
}

function closesItself(line: string): boolean {
  return /(?:\bfi|\bdone|\besac|\})[ \t;]*$/.test(line);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 120);
}
