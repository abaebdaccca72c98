/** A fenced block of a Markdown text. */
export interface Block {
  /** The first word after the fence, such as `sh`; empty where there is none. */
  language: string;
  /** What follows it: `host=hub1 file=/etc/x`. */
  notes: Record<string, string>;
  text: string;
  /** Of its first line of text; the first of the file is 1. */
  line: number;
  /** The headings that it stands under, the outermost first. */
  headings: string[];
}

/** The fenced blocks, in order. @throws Error where a fence is never closed */
export function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  const headings: string[] = [];
  let open: { fence: string; block: Block; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, fence = '', info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open !== undefined) {
      if (fence === open.fence && info.trim() === '') {
        blocks.push({ ...open.block, text: `${open.lines.join('\n')}\n` });
        open = undefined;
      } else open.lines.push(line);
      continue;
    }
    const [, marks, heading] = /^(#{1,6}) +(.*)$/.exec(line) ?? [];
    if (marks !== undefined && heading !== undefined)
      headings.splice(marks.length - 1, Infinity, heading);
    if (fence === '') continue;
    const [language = '', ...notes] = info.trim().split(/\s+/);
    open = {
      fence,
      lines: [],
      block: {
        language,
        notes: Object.fromEntries(
          notes.map((note) => {
            const [name = '', value = ''] = note.split('=', 2);
            return [name, value];
          }),
        ),
        text: '',
        line: index + 2,
        headings: headings.filter((one) => one !== undefined),
      },
    };
  }
  if (open !== undefined)
    throw new Error(`The fence before line ${open.block.line} is never closed.`);
  return blocks;
}

/** What stands between single backticks outside of the fenced blocks, with its line. */
export function codeSpans(markdown: string): { text: string; line: number }[] {
  let inside = false;
  const prose = markdown.split('\n').map((line) => {
    const fence = /^ {0,3}(?:```|~~~)/.test(line);
    if (fence) inside = !inside;
    return fence || inside ? '' : line;
  });
  const text = prose.join('\n');
  return [...text.matchAll(/`([^`]+)`/g)].map((found) => ({
    text: (found[1] ?? '').replaceAll('\n', ' '),
    line: text.slice(0, found.index).split('\n').length,
  }));
}
