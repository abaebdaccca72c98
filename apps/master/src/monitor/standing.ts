import type { PushState } from '@pushmirror/trigger';
import { lagOf, type Lag } from './lag.ts';

/** Where one mirror stands with one archive, by its own word; a probe's word stands elsewhere. */
export const STANDING_STATES = [
  /** The archive has no release yet. */
  'nothing-published',
  'current',
  /** It lacks the newest release, which came out a short while ago, and nothing went wrong. */
  'on-its-way',
  'behind',
  'failed',
  'refused',
  'unreachable',
  /** It has never reported a release. */
  'never',
  'paused',
  /** A stock ftpsync host: it cannot report. */
  'silent',
] as const;

export type StandingState = (typeof STANDING_STATES)[number];

export interface Standing {
  state: StandingState;
  /** The state in words, for people. */
  words: string;
  /** The serial that it last said to serve. */
  serial: number | null;
  lag: Lag | null; // Null also where nothing is known: of a silent mirror.
  /** Why, when something went wrong. */
  reason: string | null;
  /** Its wave went on to the newest release without it, and it has not caught up. */
  leftBehind: boolean;
  /** When it last said something, or the push to it last changed. */
  at: Date | null;
}

/** What is known of a mirror and an archive. */
export interface StandingFacts {
  kind: 'agent' | 'ftpsync';
  paused: boolean;
  servedSerial: number | null;
  said: { event: string; serial: number | null; at: Date; reason: string | null } | null;
  /** The push of the newest release, when there is one. */
  push: {
    state: PushState;
    reason: string | null;
    at: Date;
    /** Its wave went on without it. */
    leftBehind?: boolean;
  } | null;
  /** Oldest first. */
  releases: readonly { serial: number; publishedAt: Date }[];
}

/** So long after a release a mirror without it is on its way, and behind after that. */
const ON_ITS_WAY_MS = 3_600_000;

/** What a mirror says when it has begun by itself, without a push. */
const UNDERWAY: ReadonlySet<string> = new Set(['accepted', 'syncing', 'staged']);

/** Of the reasons of a push that waits, master's and hubs', the one that people ask about. */
const SLOT_WANTED = /waits for a slot at \S+?(?=\.?$)/;

const WORDS: Record<StandingState, string> = {
  'nothing-published': 'nothing published yet',
  current: 'up to date',
  'on-its-way': 'release on its way',
  behind: 'behind',
  failed: 'sync failed',
  refused: 'refused the release',
  unreachable: 'not reached',
  never: 'has not synced yet',
  paused: 'paused by its operator',
  silent: 'does not report (stock ftpsync)',
};

export function standingOf(facts: StandingFacts, now: Date): Standing {
  const lacks = lagOf(facts.releases, facts.servedSerial ?? undefined, now) ?? null;
  const state = stateOf(facts, lacks);
  return {
    state,
    words: wordsOf(state, facts),
    serial: facts.servedSerial,
    lag: state === 'silent' ? null : lacks,
    reason: reasonOf(state, facts),
    leftBehind: isLeftBehind(state, facts),
    at: facts.said?.at ?? facts.push?.at ?? null,
  };
}

function stateOf(facts: StandingFacts, lag: Lag | null): StandingState {
  if (facts.releases.length === 0) return 'nothing-published';
  if (facts.paused) return 'paused';
  if (facts.kind === 'ftpsync') return 'silent';
  if (lag === null) return 'current';
  if (facts.said?.event === 'failed' || facts.push?.state === 'given-up') return 'failed';
  if (facts.push?.state === 'refused') return 'refused';
  if (facts.push?.state === 'unreachable') return 'unreachable';
  const underway = facts.push !== null || UNDERWAY.has(facts.said?.event ?? '');
  if (underway && lag.ms < ON_ITS_WAY_MS) return 'on-its-way';
  return facts.servedSerial === null ? 'never' : 'behind';
}

function wordsOf(state: StandingState, facts: StandingFacts): string {
  const words = stepWords(state, facts);
  return isLeftBehind(state, facts) ? `left behind when the others switched; ${words}` : words;
}

function isLeftBehind(state: StandingState, { push }: StandingFacts): boolean {
  return push?.leftBehind === true && state !== 'current' && state !== 'paused';
}

function stepWords(state: StandingState, { said, push }: StandingFacts): string {
  if (state !== 'on-its-way') return WORDS[state];
  if (said?.event === 'syncing') return 'syncing';
  if (said?.event === 'staged' || push?.state === 'staged') return 'staged, about to switch';
  if (push?.state === 'waiting') return SLOT_WANTED.exec(push.reason ?? '')?.[0] ?? WORDS[state];
  return push?.state === 'accepted' ? 'told, about to sync' : WORDS[state];
}

function reasonOf(state: StandingState, { said, push }: StandingFacts): string | null {
  if (state !== 'failed' && state !== 'refused' && state !== 'unreachable') return null;
  return (said?.event === 'failed' ? said.reason : null) ?? push?.reason ?? null;
}
