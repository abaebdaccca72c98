import type { ArchiveOverview, MirrorStanding, Overview } from '../../monitor/overview.ts';
import type { StandingState } from '../../monitor/standing.ts';
import { rolloutSentence, type RolloutSentence } from './rollout-sentence.ts';
import { ago, bytes, counted, moment, number, plain, span } from './words.ts';

/** A time as the page shows it. */
interface Moment {
  iso: string;
  text: string;
  full: string;
}

/** Everything on the page, in words; the template only places it. */
export interface PageModel {
  network: string;
  health: { level: string; sentence: string };
  at: Moment;
  archives: {
    name: string;
    release: { serial: number; published: Moment; contents: string } | null;
    /** A release that not everybody is to have yet, or that is held. */
    rollout: RolloutSentence | null;
    propagation: { percent: number; words: string } | null;
    tiers: { tier: number; title: string; mirrors: Row[] }[];
  }[];
}

interface Row {
  mirror: string;
  url: string | null;
  country: string | null;
  /** Which colour and sign. */
  tone: Tone;
  words: string;
  reason: string | null;
  serial: string;
  lag: string;
  upstream: string;
  at: Moment | null;
}

type Tone = 'good' | 'moving' | 'bad' | 'quiet';

const TONES: Record<StandingState, Tone> = {
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

export function pageModel(network: string, overview: Overview): PageModel {
  const { at, health } = overview;
  return {
    network,
    health,
    at: { iso: at.toISOString(), text: moment(at), full: at.toISOString() },
    archives: overview.archives.map((archive) => archiveModel(archive, at)),
  };
}

function archiveModel(archive: ArchiveOverview, now: Date): PageModel['archives'][number] {
  const { release, reporting, current } = archive;
  const tiers = [...new Set(archive.mirrors.map(({ tier }) => tier))];
  return {
    name: archive.name,
    release:
      release === null
        ? null
        : {
            serial: release.serial,
            published: momentOf(new Date(release.published_at), now),
            contents: `${counted(release.files, 'file')}, ${bytes(release.bytes)}`,
          },
    rollout: archive.rollout === null ? null : rolloutSentence(archive.rollout, now),
    propagation:
      release === null || reporting === 0
        ? null
        : {
            percent: Math.floor((100 * current) / reporting),
            words: `${number(current)} of ${counted(reporting, 'mirror')} ${current === 1 ? 'reports' : 'report'} it`,
          },
    tiers: tiers.map((tier) => ({
      tier,
      title: tier === 1 ? 'Tier 1: pulls from the master' : `Tier ${tier}`,
      mirrors: archive.mirrors.filter((one) => one.tier === tier).map((one) => rowOf(one, now)),
    })),
  };
}

function rowOf(standing: MirrorStanding, now: Date): Row {
  const { lag, reason } = standing;
  const nothing = standing.state === 'silent' ? 'not known' : 'none';
  return {
    mirror: standing.mirror,
    url: /^https?:\/\//.test(standing.httpUrl ?? '') ? standing.httpUrl : null,
    country: standing.country,
    tone: TONES[standing.state],
    words: standing.words,
    reason: reason === null ? null : plain(reason),
    serial: standing.serial === null ? nothing : String(standing.serial),
    lag: lag === null ? nothing : `${counted(lag.serials, 'release')}, ${span(lag.ms)}`,
    upstream: standing.upstream ?? 'master',
    at: standing.at === null ? null : momentOf(standing.at, now),
  };
}

function momentOf(at: Date, now: Date): Moment {
  return { iso: at.toISOString(), text: ago(at, now), full: moment(at) };
}
