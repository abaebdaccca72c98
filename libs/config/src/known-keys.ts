import type { z } from 'zod';

type Schema = z.core.$ZodType;

/** The keys that a schema knows at a path of the document; empty where it knows none. */
export function knownKeys(schema: Schema, path: readonly PropertyKey[]): string[] {
  const [first, ...rest] = path;
  const keys = tablesOf(schema).flatMap((table) => {
    if (first === undefined) return table.kind === 'object' ? Object.keys(table.shape) : [];
    const next = table.kind === 'object' ? table.shape[String(first)] : table.element;
    return next === undefined ? [] : knownKeys(next, rest);
  });
  return [...new Set(keys)];
}

type Table =
  | { kind: 'object'; shape: Readonly<Record<string, Schema>> }
  | { kind: 'elements'; element: Schema };

/** The objects, lists and records that a schema may stand for, below its wrappers. */
function tablesOf(schema: Schema): Table[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return [{ kind: 'object', shape: def.shape }];
    case 'array':
      return [{ kind: 'elements', element: def.element }];
    case 'record':
      return [{ kind: 'elements', element: def.valueType }];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return tablesOf(def.innerType);
    case 'pipe':
      return [def.in, def.out].flatMap(tablesOf);
    case 'union':
      return def.options.flatMap(tablesOf);
    case 'intersection':
      return [def.left, def.right].flatMap(tablesOf);
    default:
      return [];
  }
}
