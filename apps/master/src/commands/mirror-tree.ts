/** What is drawn of a mirror. */
export interface Leaf {
  name: string;
  /** Null is the master. */
  upstream: string | null;
  note: string;
}

/** The tree below the master, a line a mirror; those that hang nowhere come last. */
export function treeLines(master: string, mirrors: readonly Leaf[]): string[] {
  const below = new Map<string | null, Leaf[]>();
  for (const mirror of mirrors) {
    below.set(mirror.upstream, [...(below.get(mirror.upstream) ?? []), mirror]);
  }
  const lines = [master];
  const drawn = new Set<string>();
  const draw = (upstream: string | null, indent: string) => {
    const children = (below.get(upstream) ?? []).filter(({ name }) => !drawn.has(name));
    children.forEach(({ name, note }, i) => {
      drawn.add(name);
      const last = i === children.length - 1;
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${name}${note === '' ? '' : `  ${note}`}`);
      draw(name, `${indent}${last ? '   ' : '│  '}`);
    });
  };
  draw(null, '');
  const lost = mirrors.filter(({ name }) => !drawn.has(name));
  return [
    ...lines,
    ...lost.map(({ name, upstream }) => `${name}  (below ${upstream}, which is not there)`),
  ];
}
