import { compilePattern } from './rsync-pattern.ts';
import { folderOf, treePath, type TreePath } from './tree-path.ts';

/** Says whether a mirror carries a path. */
export type Selection = (path: TreePath, isFolder: boolean) => boolean;

/**
 * Which paths rsync would carry with these filter arguments (`--filter=include_P`,
 * `--filter=exclude_P`, `--include=P`, `--exclude=P`, in this order): the first rule that matches
 * decides, without one a path is carried, and nothing below a folder that is not carried is. Rules
 * of other kinds, such as protect, say nothing about that and are passed over.
 *
 * So classic mode and a manifest select the same, from the same words.
 */
export function selectionOf(rsyncArguments: readonly string[]): Selection {
  const rules = rsyncArguments.flatMap(readRule);
  if (rules.length === 0) return () => true;
  const folders = new Map<TreePath, boolean>([['', true]]);

  const own = (path: TreePath, isFolder: boolean): boolean =>
    rules.find((rule) => rule.matches(path, isFolder))?.include ?? true;

  const carriesFolder = (folder: TreePath): boolean => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const carried = carriesFolder(folderOf(folder)) && own(folder, true);
    // Paths come in order, so the folders near the last one are all that is asked for again.
    if (folders.size >= MOST_REMEMBERED) folders.clear();
    folders.set('', true).set(folder, carried);
    return carried;
  };

  return (path, isFolder) =>
    isFolder ? carriesFolder(path) : carriesFolder(folderOf(path)) && own(path, false);
}

const MOST_REMEMBERED = 10_000;
const RULE =
  /^--(?:(?<long>include|exclude)=|filter=(?<rule>include|exclude|\+|-)[ _])(?<pattern>.+)$/s;

function readRule(argument: string) {
  const { long, rule, pattern } = RULE.exec(argument)?.groups ?? {};
  if (pattern === undefined) return [];
  const word = long ?? rule;
  const include = word === 'include' || word === '+';
  return [{ include, matches: compilePattern(treePath(pattern)) }];
}
