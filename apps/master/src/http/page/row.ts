import type { MirrorStanding } from '../../monitor/overview.ts';
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
  seen: { tone: Tone; words: string; reason: string | null; at: Moment | null };
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

/** What was seen at its public address, compared with what is public. Never with what it says. */
function seenOf({ observed }: MirrorStanding, newest: number | null, now: Date): Row['seen'] {
  if (observed === null) {
    return { tone: 'quiet', words: 'not looked at yet', reason: null, at: null };
  }
  const { serial, reason } = observed;
  const at = momentOf(observed.at, now);
  const why = reason === null ? null : plain(reason);
  if (serial === null) return { tone: 'bad', words: 'no believable head', reason: why, at };
  if (serial === newest) {
    const tone = reason === null ? 'good' : 'bad';
    return { tone, words: reason === null ? 'current' : 'current, but', reason: why, at };
  }
  const older = newest === null || serial < newest;
  return { tone: older ? 'bad' : 'moving', words: String(serial), reason: why, at };
}
