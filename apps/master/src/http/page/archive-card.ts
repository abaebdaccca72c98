import type { ArchiveOverview } from '../../monitor/overview.ts';
import { momentOf, type Moment } from './moment.ts';
import { rolloutSentence, type RolloutSentence } from './rollout-sentence.ts';
import { TONES, type Tone } from './row.ts';
import { bytes, counted, number } from './words.ts';

/** An archive in a few lines: its release, how far that is, and what is tried or held. */
export interface ArchiveCard {
  name: string;
  release: { serial: number; published: Moment; contents: string } | null;
  /** A release that not everybody is to have yet, or that is held. */
  rollout: RolloutSentence | null;
  propagation: { percent: number; words: string; parts: Part[] } | null;
}

/** A piece of a bar, in percent of it. */
export interface Part {
  tone: Tone;
  x: number;
  width: number;
}

const ORDER: Tone[] = ['good', 'moving', 'bad', 'quiet'];

export function archiveCard(archive: ArchiveOverview, now: Date): ArchiveCard {
  const { release, reporting, current } = archive;
  return {
    name: archive.name,
    release:
      release === null
        ? null
        : {
            serial: release.serial,
            published: momentOf(release.published_at, now),
            contents: `${counted(release.files, 'file')}, ${bytes(release.bytes)}`,
          },
    rollout: archive.rollout === null ? null : rolloutSentence(archive.rollout, now),
    propagation:
      release === null || reporting === 0
        ? null
        : {
            percent: Math.floor((100 * current) / reporting),
            words: `${number(current)} of ${counted(reporting, 'mirror')} ${current === 1 ? 'reports' : 'report'} it`,
            parts: partsOf(archive.mirrors.map(({ state }) => TONES[state])),
          },
  };
}

/** The tones, one after the other, as shares of a bar. */
export function partsOf(tones: readonly Tone[]): Part[] {
  let x = 0;
  return ORDER.flatMap((tone) => {
    const width = (100 * tones.filter((one) => one === tone).length) / Math.max(1, tones.length);
    const part = { tone, x: round(x), width: round(width) };
    x += width;
    return width === 0 ? [] : [part];
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
