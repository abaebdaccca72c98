/** A simple command of a shell text: its words as the shell would pass them on. */
export interface ShellCommand {
  words: string[];
  /** Of the line that it begins on; the first is 1. */
  line: number;
}

const OPERATOR = /^(?:&&|\|\||;;|[;|&()\n]|\d?>>?&?\d?|<)/;

/**
 * The simple commands of a shell text, enough to know a command line by: quotes, escapes, comments,
 * operators. Nothing is expanded; what is redirected to or from is left out.
 */
export function shellCommands(text: string): ShellCommand[] {
  const found: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let line = 1;
  let began = 1;
  let skip = false;
  const endWord = () => {
    if (word !== undefined && !skip) words.push(word);
    if (word !== undefined) skip = false;
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) found.push({ words, line: began });
    words = [];
  };
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const taken = take(rest, word !== undefined);
    if (taken.kind === 'text') {
      if (word === undefined && words.length === 0) began = line;
      word = (word ?? '') + taken.value;
    } else if (taken.kind === 'space') endWord();
    else if (taken.kind === 'redirect') {
      endWord();
      skip = !/&\d$/.test(rest.slice(0, taken.length));
    } else if (taken.kind === 'end') endCommand();
    line += rest.slice(0, taken.length).split('\n').length - 1;
    at += taken.length;
  }
  endCommand();
  return found;
}

type Taken =
  | { kind: 'text'; value: string; length: number }
  | { kind: 'space' | 'redirect' | 'end'; length: number };

function take(rest: string, inWord: boolean): Taken {
  const [one = ''] = rest;
  if (rest.startsWith('\\\n')) return { kind: 'space', length: 2 };
  if (one === '\\') return { kind: 'text', value: rest[1] ?? '', length: 2 };
  if (one === "'" || one === '"') {
    // Within double quotes, a backslash hides a quote.
    const inside = (one === '"' ? /^"((?:\\[^]|[^"\\])*)"/ : /^'([^']*)'/).exec(rest)?.[1];
    if (inside === undefined) throw new Error(`A quote is never closed: ${rest.slice(0, 40)}`);
    const value = one === '"' ? inside.replaceAll(/\\(["\\$`])/g, '$1') : inside;
    return { kind: 'text', value, length: inside.length + 2 };
  }
  if (one === ' ' || one === '\t') return { kind: 'space', length: 1 };
  if (one === '#' && !inWord) return { kind: 'space', length: (rest + '\n').indexOf('\n') };
  const operator = inWord && /\d/.test(one) ? undefined : OPERATOR.exec(rest)?.[0];
  if (operator === undefined) return { kind: 'text', value: one, length: 1 };
  return { kind: /[<>]/.test(operator) ? 'redirect' : 'end', length: operator.length };
}
