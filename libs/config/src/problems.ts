import type { z } from 'zod';
import type { ConfigProblem } from './errors.ts';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import { describe, expected } from './wording.ts';

type Issue = z.core.$ZodIssue;

/** What the document parses to, or all of its problems in the order of the schema. */
export function findProblems<S extends z.ZodType>(
  schema: S,
  document: unknown,
): { success: true; data: z.output<S> } | { success: false; problems: ConfigProblem[] } {
  const result = schema.safeParse(document, { error: expected });
  if (result.success) return { success: true, data: result.data };
  const problems = result.error.issues.flatMap((issue) =>
    asProblems({ schema, document }, issue, []),
  );
  return { success: false, problems };
}

interface Checked {
  schema: z.ZodType;
  document: unknown;
}

function asProblems(checked: Checked, issue: Issue, above: PropertyKey[]): ConfigProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(checked.schema, path, key));
  }
  if (issue.code === 'invalid_union') {
    const closest = closestOption(issue.errors);
    if (closest !== undefined) return closest.flatMap((inner) => asProblems(checked, inner, path));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ path: pathText(path), message }));
  }
  const found = valueAt(checked.document, path);
  return [{ path: pathText(path), message: issue.message + describe(found) }];
}

function unknownKey(schema: z.ZodType, path: PropertyKey[], key: string): ConfigProblem {
  const known = knownKeys(schema, path);
  const near = nearest(key, known);
  const hint = near === undefined ? `known are ${list(known)}` : `did you mean "${near}"?`;
  return { path: pathText([...path, key]), message: `unknown key, ${hint}` };
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none here' : names.join(', ');
}

/** Of a union, the one option whose own type fits, so that its inner mistakes can be named. */
function closestOption(options: readonly Issue[][]): Issue[] | undefined {
  const fits = (issues: Issue[]) =>
    issues.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys');
  const fitting = options.filter(fits);
  return fitting.toSorted((a, b) => a.length - b.length)[0];
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** `archive[0].max_delete`; a key that is not a bare one is quoted as in TOML. */
function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += (text === '' ? '' : '.') + keyText(String(part));
  }
  return text;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
