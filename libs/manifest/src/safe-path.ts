import { LIMITS } from './limits.ts';
import { isOwnPath } from './own-paths.ts';
import { folderOf, type TreePath } from './tree-path.ts';

/**
 * Why a path may not stand in a manifest, or undefined when it may. What passes stays inside the
 * folder it is joined to, and never names the mirror's own metadata.
 */
export function whyUnsafePath(path: TreePath): string | undefined {
  if (path.length > LIMITS.pathBytes) return `it is longer than ${LIMITS.pathBytes} bytes`;
  if (path.startsWith('/')) return 'it begins with a slash';
  for (const name of path.split('/')) {
    const why = whyUnsafeName(name);
    if (why !== undefined) return why;
  }
  if (isOwnPath(path)) return "it is where a mirror keeps files of its own, not the release's";
  return undefined;
}

/** The same for one name of a path. */
export function whyUnsafeName(name: string): string | undefined {
  if (name === '') return 'a name in it is empty';
  if (name === '.' || name === '..') return `it has "${name}" in it`;
  if (name.length > LIMITS.nameBytes)
    return `a name in it is longer than ${LIMITS.nameBytes} bytes`;
  if (name.includes('/')) return 'a name in it has a slash';
  if (name.includes('\0')) return 'it has a NUL byte in it';
  return undefined;
}

/**
 * Why a symlink at `path` may not point to `target`, or undefined when it may.
 *
 * A target may climb with `..` only at its start, and not past the archive's folder. Elsewhere
 * `..` is refused even where it seems to cancel out: if `a` is itself a link then `a/..` is not
 * where the text says (rsync's --safe-links draws the same line since 3.4). The folder that a link
 * is in is a real one, and the other links on the way were checked like this one, so the target
 * cannot leave the tree whichever links it passes.
 */
export function whyUnsafeLink(path: TreePath, target: string): string | undefined {
  if (target === '') return 'its target is empty';
  if (target.includes('\0')) return 'its target has a NUL byte in it';
  if (target.length > LIMITS.pathBytes) {
    return `its target is longer than ${LIMITS.pathBytes} bytes`;
  }
  if (target.startsWith('/')) return 'its target is an absolute path';
  const folder = folderOf(path);
  let above = folder === '' ? 0 : folder.split('/').length;
  let descended = false;
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') {
      descended = true;
      continue;
    }
    if (descended) return 'its target has ".." after a name';
    above -= 1;
    if (above < 0) return "its target leaves the archive's folder";
  }
  return undefined;
}
