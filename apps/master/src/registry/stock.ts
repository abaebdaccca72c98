import { isArchiveName, isMirrorName } from '@pushmirror/acl';
import { plainStock, stockSettings, type StockSettings } from '@pushmirror/trigger';
import { z } from 'zod';
import type { MirrorRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';

/** How a stock ftpsync mirror is pushed, and where its word is found. */
export interface Stock extends StockSettings {
  /** Its MIRRORNAME, which its trace file is called after. */
  trace: string;
  /** Its own runmirrors pushes the mirrors below it. */
  runmirrors: boolean;
}

/** What may be said of it; what is left out stays as it is. */
export type StockChange = Partial<{ [K in keyof Stock]: Stock[K] | undefined }>;

const kept = z
  .object({ ...stockSettings.shape, trace: z.string(), runmirrors: z.boolean() })
  .partial();

/** Undefined of an agent. */
export function stockOf({ name, kind, stock }: Pick<MirrorRow, 'name' | 'kind' | 'stock'>) {
  if (kind !== 'ftpsync') return undefined;
  const known = stock === null ? {} : kept.parse(JSON.parse(stock));
  return { ...plainStock, trace: name, runmirrors: false, ...definedOf(known) } satisfies Stock;
}

/**
 * The column after a change.
 *
 * @throws MasterError `invalid` for an agent, and for names that are none.
 */
export function changedStock(
  mirror: Pick<MirrorRow, 'name' | 'kind' | 'stock'>,
  change: StockChange,
): string | null {
  const given = definedOf(change);
  if (Object.keys(given).length === 0) return mirror.stock;
  const now = stockOf(mirror);
  if (now === undefined) {
    const message = `${mirror.name} is no stock ftpsync mirror: push, callback, trace, runmirrors and names are settings of those.`;
    throw new MasterError('invalid', message);
  }
  const after = { ...now, ...given };
  for (const [archive, name] of Object.entries(after.names)) {
    if (isArchiveName(archive) && (name === '' || isArchiveName(name))) continue;
    throw new MasterError('invalid', `${mirror.name}: a name of an archive is not a valid one.`);
  }
  if (!isMirrorName(after.trace)) {
    throw new MasterError('invalid', `${mirror.name}: the name of its trace file is no host name.`);
  }
  return JSON.stringify(after);
}

function definedOf<T extends object>(some: T) {
  return Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
