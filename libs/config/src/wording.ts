import type { z } from 'zod';

const LONGEST_SHOWN = 80;

const TYPES: Record<string, string> = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a table',
  record: 'a table',
  date: 'a date',
};

/** zod's issue as "expected ...", for a schema that brings no words of its own. */
export function expected(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[typeOf(issue)] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${choices(issue.values)}`;
    case 'too_small':
      return `expected ${bound('at least', 'more than', issue.inclusive)} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected ${bound('at most', 'less than', issue.inclusive)} ${amount(issue.maximum, issue.origin)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `expected ${issue.pattern === undefined ? `a valid ${issue.format}` : `a text of the form ${issue.pattern}`}`;
    case 'invalid_union':
      return `expected ${unionChoices(issue)}`;
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return undefined;
  }
}

/** `z.int()` calls a text "not a number"; what it wants is a whole one. */
function typeOf({ expected, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  const wholeOnly = inst !== undefined && 'format' in inst._zod.def;
  return expected === 'number' && wholeOnly ? 'int' : expected;
}

/** `, got 70000`: what the file has there, made short and printable. */
export function describe(input: unknown): string {
  if (input === undefined) return ', got nothing';
  if (Array.isArray(input)) return `, got a list of ${input.length}`;
  if (input instanceof Date) return `, got ${input.toISOString()}`;
  if (typeof input === 'object') return ', got a table';
  const text = JSON.stringify(input);
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
  return `, got ${shown}`;
}

function choices(values: readonly unknown[]): string {
  const words = values.map((value) => JSON.stringify(value) ?? String(value));
  const last = words.pop() ?? 'nothing';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}

function unionChoices(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  if ('options' in issue && Array.isArray(issue.options)) return choices(issue.options);
  const words = issue.errors.flat().map(({ message }) => message.replace(/^expected /, ''));
  return words.length === 0 ? 'another value' : [...new Set(words)].join(', or ');
}

function bound(inclusive: string, exclusive: string, isInclusive: boolean | undefined): string {
  return isInclusive === false ? exclusive : inclusive;
}

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} character${limit === 1 ? '' : 's'}`;
  if (origin === 'array' || origin === 'set') return `${limit} entr${limit === 1 ? 'y' : 'ies'}`;
  return String(limit);
}
