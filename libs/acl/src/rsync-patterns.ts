import { AclError } from './errors.ts';
import { isPlainPath } from './path-pattern.ts';

const MOST_DOUBLE_STARS = 3;

/**
 * Our path patterns as rsync's, anchored, to hide what they stand for. A `**` of ours may stand for
 * no part at all, one of rsync's between slashes for at least one, so that each makes two patterns.
 *
 * @throws AclError `malformed-rule`
 */
export function hiddenPatterns(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => spread(checked(path)).map((one) => `/${one}`)))];
}

/**
 * What shows just these paths with all below them, the folders on the way to them, and the trace
 * files, which tell a mirror how its upstream stands; together with `exclude = *`.
 *
 * @throws AclError `malformed-rule` where a pattern holds `**`: the way there cannot be told.
 */
export function shownPatterns(paths: readonly string[]): string[] {
  const all = [...paths, 'project/trace'].flatMap((path) => {
    const parts = checked(path).split('/');
    if (parts.includes('**')) throw malformed(path, 'the paths of a view cannot hold "**"');
    const parents = parts
      .slice(0, -1)
      .map((_, index) => `/${parts.slice(0, index + 1).join('/')}/`);
    return [...parents, `/${path}`, `/${path}/**`];
  });
  return [...new Set(all)];
}

function spread(path: string): string[] {
  const parts = path.split('/');
  const stars = parts.filter((part) => part === '**').length;
  if (stars > MOST_DOUBLE_STARS) throw malformed(path, `more than ${MOST_DOUBLE_STARS} "**"`);
  let all: string[][] = [[]];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const without = part === '**' && !isLast ? all : [];
    all = [...without, ...all.map((before) => [...before, part])];
  }
  return all.map((one) => one.join('/'));
}

/** `**` within a part would reach over slashes in rsync, and does not in ours. */
function checked(path: string): string {
  if (!isPlainPath(path) || !/^[A-Za-z0-9*?_.+~:@=,/-]+$/.test(path)) {
    throw malformed(path, 'rsync can be given letters, digits and . _ + ~ : @ = , - only');
  }
  if (path.split('/').some((part) => part.includes('**') && part !== '**')) {
    throw malformed(path, '"**" must be a whole part');
  }
  return path;
}

function malformed(path: string, why: string): AclError {
  return new AclError('malformed-rule', `The path ${JSON.stringify(path.slice(0, 80))}: ${why}.`);
}
