import { z } from 'zod';
import type { Caller } from '../auth.ts';
import { plain } from '../page/words.ts';

/** Asks the API as who is logged in; undefined when it refuses. */
export type Ask = (path: string) => Promise<unknown>;

/** What stands on the desk of an administrator, a release manager or an operator. */
export interface DeskView {
  who: string;
  role: string;
  registrations: { id: string; mirror: string; state: string; facts: string }[];
  mirrors: { name: string; state: string; active: boolean; tier: number; country: string }[];
  rollouts: { archive: string; serial: number; held: boolean; words: string }[];
  may: { suspend: boolean; halt: boolean };
}

const mirror = z.object({
  name: z.string(),
  state: z.string(),
  tier: z.number(),
  country: z.string().nullable(),
});
const registrations = z.object({
  registrations: z.array(
    z.object({ id: z.string(), mirror: z.string(), state: z.string(), createdAt: z.string() }),
  ),
});
const rollouts = z.object({
  rollouts: z.array(
    z.object({
      archive: z.string(),
      serial: z.number(),
      phase: z.string(),
      held: z.object({ reason: z.string().nullable() }).nullable(),
      mirrors: z.object({ total: z.number(), committed: z.number() }),
    }),
  ),
});

export async function deskView(caller: Caller, ask: Ask): Promise<DeskView> {
  const admin = caller.role === 'admin';
  const manages = admin || caller.role === 'release-manager';
  return {
    who: plain(caller.name),
    role: caller.role,
    registrations: admin ? await readRegistrations(ask) : [],
    mirrors: await readMirrors(caller, ask),
    rollouts: manages ? await readRollouts(ask) : [],
    may: { suspend: admin, halt: manages },
  };
}

async function readRegistrations(ask: Ask): Promise<DeskView['registrations']> {
  const { registrations: all } = registrations.parse(await ask('/v1/registrations'));
  return all.map(({ id, mirror: name, state, createdAt }) => ({
    id,
    mirror: plain(name),
    state,
    facts: `asked ${createdAt.slice(0, 16).replace('T', ' ')} UTC`,
  }));
}

async function readMirrors(caller: Caller, ask: Ask): Promise<DeskView['mirrors']> {
  const own = caller.mirror === null ? undefined : encodeURIComponent(caller.mirror);
  const all =
    own === undefined
      ? z.object({ mirrors: z.array(mirror) }).parse(await ask('/v1/mirrors')).mirrors
      : [mirror.parse(await ask(`/v1/mirrors/${own}`))];
  return all.map((one) => ({
    name: one.name,
    state: one.state,
    active: one.state === 'active',
    tier: one.tier,
    country: one.country ?? '',
  }));
}

/** Only the newest of each archive can be held. */
async function readRollouts(ask: Ask): Promise<DeskView['rollouts']> {
  const { rollouts: all } = rollouts.parse(await ask('/v1/rollouts?limit=50'));
  const newest = new Map<string, (typeof all)[number]>();
  for (const one of all) {
    const known = newest.get(one.archive);
    if (known === undefined || known.serial < one.serial) newest.set(one.archive, one);
  }
  return [...newest.values()].map(({ archive, serial, held, phase, mirrors }) => ({
    archive,
    serial,
    held: held !== null,
    words: `${held === null ? phase : `held${held.reason === null ? '' : `: ${plain(held.reason)}`}`}; ${mirrors.committed} of ${mirrors.total} mirrors have it`,
  }));
}
