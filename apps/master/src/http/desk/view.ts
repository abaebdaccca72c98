import { z } from 'zod';
import type { Caller } from '../auth.ts';
import { plain } from '../page/words.ts';
import { noticeListSchema } from '../routes/notice-schemas.ts';

/** Asks the API as who is logged in; undefined when it refuses. */
export type Ask = (path: string) => Promise<unknown>;

/** What stands on the desk of an administrator, a release manager or an operator. */
export interface DeskView {
  who: string;
  role: string;
  registrations: DeskRegistration[];
  mirrors: DeskMirrors;
  rollouts: { archive: string; serial: number; held: boolean; words: string }[];
  notices: DeskNotices;
  may: { suspend: boolean; halt: boolean };
}

/** Who is told what happens, and the last of what was told. */
export interface DeskNotices {
  /** The mirror to which an operator adds an address; null for others. */
  own: string | null;
  told: { id: string; address: string; words: string; state: 'proving' | 'active' | 'ended' }[];
  last: { at: string; state: string; words: string }[];
}

export interface DeskRegistration {
  id: string;
  mirror: string;
  state: string;
  facts: { title: string; text: string }[];
}

/** Of a large network only some, and those that need somebody first. */
export interface DeskMirrors {
  query: string;
  found: number;
  total: number;
  shown: {
    name: string;
    state: string;
    active: boolean;
    tier: number;
    country: string;
    contact: string | null;
    contactPublic: boolean;
    claims: string[];
  }[];
}

const mirror = z.object({
  name: z.string(),
  state: z.string(),
  tier: z.number(),
  country: z.string().nullable(),
  contact: z.string().nullable(),
  contactPublic: z.boolean(),
  archives: z.array(
    z.object({
      archive: z.string(),
      serial: z.number().nullable(),
      event: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
});
const texts = z.array(z.string());
const registrations = z.object({
  registrations: z.array(
    z.object({
      id: z.string(),
      mirror: z.string(),
      state: z.string(),
      createdAt: z.string(),
      origin: z.string(),
      missing: texts,
      sameHostKeyAs: texts,
      request: z.record(z.string(), z.unknown()),
    }),
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

const MOST_MIRRORS = 50;
const MOST_TOLD = 50;
const MOST_NOTICES = 5;

/** `query`: part of the names of the mirrors that are wanted. */
export async function deskView(caller: Caller, query: string, ask: Ask): Promise<DeskView> {
  const admin = caller.role === 'admin';
  const manages = admin || caller.role === 'release-manager';
  return {
    who: plain(caller.name),
    role: caller.role,
    registrations: admin ? await readRegistrations(ask) : [],
    mirrors: await readMirrors(caller, query, ask),
    rollouts: manages ? await readRollouts(ask) : [],
    notices: await readNotices(caller, ask),
    may: { suspend: admin, halt: manages },
  };
}

async function readRegistrations(ask: Ask): Promise<DeskRegistration[]> {
  const { registrations: all } = registrations.parse(await ask('/v1/registrations'));
  return all.map(({ id, mirror: name, state, createdAt, origin, missing, request, ...rest }) => {
    const { contact, country, httpUrl, archives, upstream } = request;
    const asked = `${createdAt.slice(0, 16).replace('T', ' ')} UTC, from ${origin}`;
    const known: [string, unknown][] = [
      ['Asked', asked],
      ['Contact', contact],
      ['Country', country],
      ['URL', httpUrl],
      ['Wants', Array.isArray(archives) ? archives.join(', ') : undefined],
      ['Would pull from', upstream],
      ['Missing', missing.join(' ')],
      ['Shows the host key of', rest.sameHostKeyAs.join(', ')],
    ];
    const facts = known.flatMap(([title, text]) =>
      typeof text === 'string' && text !== '' ? [{ title, text: plain(text) }] : [],
    );
    return { id, mirror: plain(name), state, facts };
  });
}

async function readMirrors(caller: Caller, query: string, ask: Ask): Promise<DeskMirrors> {
  const own = caller.mirror === null ? undefined : encodeURIComponent(caller.mirror);
  const all =
    own === undefined
      ? z.object({ mirrors: z.array(mirror) }).parse(await ask('/v1/mirrors')).mirrors
      : [mirror.parse(await ask(`/v1/mirrors/${own}`))];
  const found = all.filter(({ name }) => name.includes(query.toLowerCase()));
  found.sort((a, b) => Number(a.state === 'active') - Number(b.state === 'active'));
  return {
    query,
    found: found.length,
    total: all.length,
    shown: found.slice(0, MOST_MIRRORS).map(({ archives, contact, ...one }) => ({
      ...one,
      active: one.state === 'active',
      country: one.country ?? '',
      contact: contact === null ? null : plain(contact),
      claims: archives.map(claimOf),
    })),
  };
}

async function readNotices(caller: Caller, ask: Ask): Promise<DeskNotices> {
  const { subscriptions, deliveries } = noticeListSchema.parse(await ask('/v1/notices'));
  return {
    own: caller.mirror,
    told: subscriptions.slice(0, MOST_TOLD).map((one) => {
      const { id, scope, subject, address, kinds, digest, quiet, zone, state, stateReason } = one;
      const of = scope === 'network' ? 'the network' : `${scope} ${subject}`;
      const hours = quiet === null ? '' : `, not ${quiet.from}–${quiet.to} ${zone}`;
      const ended = stateReason === null ? '' : ` (ended: ${stateReason})`;
      const words = `${of}: ${kinds.join(', ')}; ${digest}${hours}${ended}`;
      return { id, address: plain(address), words: plain(words), state };
    }),
    last: deliveries.slice(0, MOST_NOTICES).map(({ at, state, title, error }) => ({
      at: `${at.slice(0, 16).replace('T', ' ')} UTC`,
      state,
      words: plain(error === null ? title : `${title} (${error})`),
    })),
  };
}

function claimOf({ archive, serial, event, reason }: z.infer<typeof mirror>['archives'][number]) {
  const last = event === null ? 'has not reported yet' : `last said ${event}`;
  const why = reason === null ? '' : `: ${reason}`;
  return plain(`${archive}: serves ${serial ?? 'nothing yet'}, ${last}${why}`);
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
