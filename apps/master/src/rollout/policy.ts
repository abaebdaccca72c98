import { z } from 'zod';

/** When a wave is good enough for the next one to begin. */
export interface Gate {
  /** So many of the wave must have committed. */
  committed: { percent: number } | { count: number };
  /** And those whose public address is known must show the release there. */
  observed: boolean;
  /** And this program must end with 0: its absolute path and its arguments. */
  check: [string, ...string[]] | null;
}

/** Mirrors that try a release before the others. Each takes the subtree that it stands in with it. */
export interface Wave {
  name: string;
  mirrors: string[];
  /** How long it is watched after enough have committed. */
  bakeMs: number;
  /** How long that may take. */
  deadlineMs: number;
  gate: Gate;
}

/** How the releases of an archive roll out. */
export interface Policy {
  /** `together`: all of a wave stage, and then all commit. */
  switch: 'as-ready' | 'together';
  /** Of `together`: those that have not staged by then are left behind. */
  stageDeadlineMs: number;
  /** In order; the mirrors in none of them come last, all at once. */
  waves: Wave[];
}

/** Everybody at once, each when it is ready. */
export const DEFAULT_POLICY: Policy = {
  switch: 'as-ready',
  stageDeadlineMs: 30 * 60_000,
  waves: [],
};

export const WAVES_AT_MOST = 16;
export const MIRRORS_AT_MOST = 200;
/** The name of those that are in no wave. */
export const REST = 'rest';

const ms = z.int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = z.string().min(1).max(1_000);
const goal = z.union([
  z.strictObject({ percent: z.int().min(1).max(100) }),
  z.strictObject({ count: z.int().min(1) }),
]);

/** A name that fits a line of text, an environment variable, and a column. */
export const waveName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'expected a short name of a-z, 0-9 and -' })
  .refine((name) => name !== REST, { error: `"${REST}" is the name of those in no wave` });

/** A policy as it stands in the database and in the API. */
export const policySchema = z.strictObject({
  switch: z.enum(['as-ready', 'together']),
  stageDeadlineMs: ms.min(1),
  waves: z
    .array(
      z.strictObject({
        name: waveName,
        mirrors: z.array(z.string().min(1).max(255)).min(1).max(MIRRORS_AT_MOST),
        bakeMs: ms,
        deadlineMs: ms.min(1),
        gate: z.strictObject({
          committed: goal,
          observed: z.boolean(),
          check: z.tuple([text], text).nullable(),
        }),
      }),
    )
    .max(WAVES_AT_MOST)
    .refine((waves) => new Set(waves.map(({ name }) => name)).size === waves.length, {
      error: 'two waves have the same name',
    }),
});

/** What the database has for an archive or a release; null is the default. */
export function readPolicy(json: string | null): Policy {
  return json === null ? DEFAULT_POLICY : policySchema.parse(JSON.parse(json));
}
