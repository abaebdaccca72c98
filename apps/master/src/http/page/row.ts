import type { MirrorStanding } from '../../monitor/overview.ts';
import { SIGHT_WORDS, type SightState } from '../../monitor/probe/states.ts';
import type { StandingState } from '../../monitor/standing.ts';
import { countryName } from '../../geo/iso-3166.ts';
import { momentOf, type Moment } from './moment.ts';
import { counted, plain, span } from './words.ts';

/** Which colour and sign a state has. */
export type Tone = 'good' | 'moving' | 'bad' | 'quiet';

/** One mirror's standing with one archive, in words: what it says beside what was seen. */
export interface Row {
  mirror: string;
  archive: string;
  tier: number;
  /** Two letters; null when it did not say. */
  country: string | null;
  countryName: string | null;
  tone: Tone;
  words: string;
  reason: string | null;
  serial: string;
  lag: string;
  lagMs: number;
  upstream: string;
  at: Moment | null;
  seen: {
    tone: Tone;
    words: string;
    reason: string | null;
    at: Moment | null;
    serial: string | null;
  };
  quarantined: Moment | null;
}

export const TONES: Record<StandingState, Tone> = {
  current: 'good',
  'on-its-way': 'moving',
  behind: 'bad',
  failed: 'bad',
  refused: 'bad',
  unreachable: 'bad',
  never: 'bad',
  paused: 'quiet',
  silent: 'quiet',
  'nothing-published': 'quiet',
};

export const SIGHT_TONES: Record<SightState, Tone> = {
  fresh: 'good',
  updating: 'moving',
  behind: 'bad',
  empty: 'bad',
  certificate: 'bad',
  unreachable: 'bad',
  frozen: 'bad',
  'rolled-back': 'bad',
  contradicting: 'bad',
  unsigned: 'bad',
  equivocating: 'bad',
  'wrong-content': 'bad',
};

/** `newest`: the archive's public serial. */
export function rowOf(standing: MirrorStanding, newest: number | null, now: Date): Row {
  const { lag, reason, country, quarantinedAt } = standing;
  const nothing = standing.state === 'silent' ? 'not known' : 'none';
  const quarantined = quarantinedAt === null ? null : momentOf(quarantinedAt, now);
  return {
    mirror: standing.mirror,
    archive: standing.archive,
    tier: standing.tier,
    country,
    countryName: country === null ? null : countryName(country),
    tone: quarantined === null ? TONES[standing.state] : 'bad',
    words: quarantined === null ? standing.words : `quarantined; ${standing.words}`,
    reason: reason === null ? null : plain(reason),
    serial: standing.serial === null ? nothing : String(standing.serial),
    lag: lag === null ? nothing : `${counted(lag.serials, 'release')}, ${span(lag.ms)}`,
    lagMs: lag?.ms ?? -1,
    upstream: standing.upstream ?? 'master',
    at: standing.at === null ? null : momentOf(standing.at, now),
    seen: seenOf(standing, newest, now),
    quarantined,
  };
}

/** In trouble is who says so, and who is seen to be. */
export function inTrouble({ tone, seen }: Pick<Row, 'tone' | 'seen'>): boolean {
  return tone === 'bad' || seen.tone === 'bad';
}

/** What was seen at its public address, by the probe. Never mixed with what it says. */
function seenOf(
  { observed, sight }: MirrorStanding,
  newest: number | null,
  now: Date,
): Row['seen'] {
  if (sight === null) return lookedAt(observed, newest, now);
  const { state, reason, serial } = sight;
  const since = sight.lacks_since === null ? 0 : now.getTime() - Date.parse(sight.lacks_since);
  const behind =
    sight.lacks === null ? '' : ` by ${counted(sight.lacks, 'release')}, ${span(since)}`;
  return {
    tone: state === 'behind' && since < ON_ITS_WAY_MS ? 'moving' : SIGHT_TONES[state],
    words: state === 'behind' ? `${SIGHT_WORDS.behind}${behind}` : SIGHT_WORDS[state],
    reason: reason === null ? null : plain(reason),
    at: momentOf(sight.at, now),
    serial: serial === null ? null : String(serial),
  };
}

/** So long after a release a mirror without it is on its way, and behind after that. */
const ON_ITS_WAY_MS = 3_600_000;

/** Of a mirror that was only looked at when it reported. */
function lookedAt(
  observed: MirrorStanding['observed'],
  newest: number | null,
  now: Date,
): Row['seen'] {
  if (observed === null) {
    return { tone: 'quiet', words: 'not looked at yet', reason: null, at: null, serial: null };
  }
  const reason = observed.reason === null ? null : plain(observed.reason);
  const at = momentOf(observed.at, now);
  const serial = observed.serial === null ? null : String(observed.serial);
  if (serial === null) {
    return { tone: 'bad', words: 'no believable head', reason, at, serial };
  }
  const fresh = observed.serial === newest;
  const tone = fresh && reason === null ? 'good' : 'bad';
  return { tone, words: fresh ? SIGHT_WORDS.fresh : SIGHT_WORDS.behind, reason, at, serial };
}
