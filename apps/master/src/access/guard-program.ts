import { fileURLToPath } from 'node:url';

/** The words that run libs/acl's pull-guard, whose last one is still to come: its file. */
export function guardProgram(): string[] {
  return [process.execPath, fileURLToPath(import.meta.resolve('@pushmirror/acl/pull-guard'))];
}
