import type { AccessText } from '../access/rule-text.ts';

/** Rules and views as TOML; `acl import` reads it back. */
export function accessToml({ view, rule }: AccessText): string {
  return [
    '# Rules of a pushmirror network; put them in force with: mirror-master acl import FILE',
    ...view.map((one) => table('view', one)),
    ...rule.map((one) => table('rule', one)),
  ].join('\n');
}

function table(name: string, entries: object): string {
  const lines = Object.entries(entries).map(([key, value]) => `${key} = ${inToml(value)}`);
  return `\n[[${name}]]\n${lines.join('\n')}\n`;
}

/** JSON's strings, numbers and lists of them are TOML's too, but for DEL. */
function inToml(value: unknown): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007F');
}
