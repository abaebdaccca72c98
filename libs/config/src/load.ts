import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { ConfigError } from './errors.ts';
import { findProblems } from './problems.ts';

const LARGEST_CONFIG = 4 * 1024 * 1024;
/** So many are told. */
const MOST_PROBLEMS = 50;

/**
 * Read a TOML file and check it against a zod schema (use `z.strictObject`, so that misspelt keys
 * show). Every mistake is reported at once, each with its path in the file.
 *
 * @throws ConfigError
 */
export function loadConfig<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  return parseConfig(readText(path), schema, path);
}

/**
 * The tables of a TOML file as they are written, checked by nobody.
 *
 * @throws ConfigError `config-missing`, `config-unreadable` or `config-syntax`
 */
export function readTables(path: string): Record<string, unknown> {
  return parseToml(readText(path), path);
}

/**
 * The same for a text; `origin` is what the messages call it.
 *
 * @throws ConfigError `config-syntax` or `config-invalid`
 */
export function parseConfig<S extends z.ZodType>(
  text: string,
  schema: S,
  origin: string,
): z.output<S> {
  const document = parseToml(text, origin);
  const result = findProblems(schema, document);
  if (result.success) return result.data;
  const lines = result.problems.map(({ path, message }) =>
    [origin, path, message].filter((part) => part !== '').join(': '),
  );
  const more = lines.length - MOST_PROBLEMS;
  const shown =
    more > 0 ? [...lines.slice(0, MOST_PROBLEMS), `${origin}: and ${more} more.`] : lines;
  throw new ConfigError('config-invalid', shown.join('\n'), result.problems);
}

function readText(path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > LARGEST_CONFIG) {
      const what = stat.isDirectory()
        ? 'a folder'
        : stat.isFile()
          ? 'larger than 4 MiB'
          : 'no file';
      const words = `${path}: it is ${what}, not a configuration. Name the file.`;
      throw new ConfigError('config-unreadable', words);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw asReadError(path, cause);
  }
}

function asReadError(path: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (code === 'ENOENT') {
    return new ConfigError('config-missing', `${path}: there is no such file.`, [], { cause });
  }
  const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : code;
  const message = `${path}: cannot be read (${why}). Check its path, owner and mode.`;
  return new ConfigError('config-unreadable', message, [], { cause });
}

function parseToml(text: string, origin: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const path = `line ${cause.line}, column ${cause.column}`;
    const message = (cause.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    const problems = [{ path, message }];
    throw new ConfigError('config-syntax', `${origin}: ${path}: ${message}`, problems, { cause });
  }
}
