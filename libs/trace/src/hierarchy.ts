/**
 * One line of `project/trace/_hierarchy`: a mirror and where it pulls from. The file shows the way
 * that a tree came, from the mirror next to the master down to the one that serves the file.
 */
export interface HierarchyLine {
  /** The name of its file in project/trace. */
  traceFile: string;
  mirror: string;
  /** The machine it runs on. */
  host: string;
  /** The host it pulls from; `unknown` where it could not be told. */
  upstream: string;
}

const LARGEST_FILE = 64 * 1024;
const MOST_LINES = 1000;

/**
 * Read `_hierarchy`, or `_hierarchy.mirror` as it came from the upstream. Lines that are not four
 * plain words are left out.
 */
export function parseHierarchy(content: string): HierarchyLine[] {
  return linesOf(content).flatMap((line) => {
    const words = line.trim().split(/ +/);
    const [traceFile = '', mirror = '', host = '', upstream = ''] = words;
    if (words.length !== 4 || !words.every(isWord) || !isTraceName(traceFile)) return [];
    return [{ traceFile, mirror, host, upstream }];
  });
}

/** Write the lines as ftpsync does: four words and a line break each. Odd words become `unknown`. */
export function formatHierarchy(lines: readonly HierarchyLine[]): string {
  const plain = (word: string) => (isWord(word) ? word : 'unknown');
  return lines
    .map(({ traceFile, mirror, host, upstream }) => [traceFile, mirror, host, upstream])
    .map((words) => `${words.map(plain).join(' ')}\n`)
    .join('');
}

/** The upstream's lines with our own at the end, and only there. */
export function joinHierarchy(above: readonly HierarchyLine[], own: HierarchyLine) {
  return [...above.filter(({ traceFile }) => traceFile !== own.traceFile), own];
}

/** Read `project/trace/_traces`: the names of the trace files, the one that changed last at the end. */
export function parseTraceList(content: string): string[] {
  return linesOf(content).filter(isTraceName);
}

/** Write `_traces` as `ls -1rt` of all files whose names do not begin with `_`. */
export function formatTraceList(files: readonly { name: string; modified: Date }[]): string {
  return files
    .filter(({ name }) => isTraceName(name))
    .toSorted((a, b) => a.modified.getTime() - b.modified.getTime() || (a.name < b.name ? 1 : -1))
    .map(({ name }) => `${name}\n`)
    .join('');
}

function linesOf(content: string): string[] {
  return content.slice(0, LARGEST_FILE).split(/\r?\n/, MOST_LINES);
}

function isTraceName(name: string): boolean {
  return isWord(name) && !/^[_.]/.test(name) && !name.includes('/');
}

function isWord(word: string): boolean {
  return /^[A-Za-z0-9._:+@[\]/-]{1,255}$/.test(word);
}
