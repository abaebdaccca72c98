/** What each figure on the page means, in the words that stand beside it. */
export interface Definition {
  name: MetricName;
  title: string;
  unit: '%' | 'ms' | 'a day' | 'releases' | 'points';
  /** A sentence or two for readers. */
  means: string;
}

export type MetricName =
  | 'lag'
  | 'lag-time'
  | 'completion'
  | 'delay'
  | 'response'
  | 'deviation'
  | 'availability'
  | 'runs'
  | 'propagation'
  | 'score';

/** So many hours back completion and mean delay go, and so many days availability. */
export const RECENT_HOURS = 24;
export const AVAILABILITY_DAYS = 14;

export const DEFINITIONS: readonly Definition[] = [
  {
    name: 'lag',
    title: 'Lag in releases',
    unit: 'releases',
    means:
      'How many public releases are newer than the one that the mirror shows. By serial; timestamps of files never count.',
  },
  {
    name: 'lag-time',
    title: 'Lag',
    unit: 'ms',
    means:
      'The time since the first release that the mirror lacks became public. Zero when it lacks none.',
  },
  {
    name: 'completion',
    title: 'Completion',
    unit: '%',
    means: `Of all looks at the mirror in the last ${RECENT_HOURS} hours: how many found the newest public release. A look without an answer found none.`,
  },
  {
    name: 'delay',
    title: 'Mean delay',
    unit: 'ms',
    means: `The mean lag over the looks of the last ${RECENT_HOURS} hours that found a release.`,
  },
  {
    name: 'response',
    title: 'Response time',
    unit: 'ms',
    means: `The mean time from the request to the end of the answer for the head, over the looks of the last ${RECENT_HOURS} hours that were answered, each over a new connection from the master.`,
  },
  {
    name: 'deviation',
    title: 'Deviation',
    unit: 'ms',
    means: 'The standard deviation of those response times.',
  },
  {
    name: 'availability',
    title: 'Availability',
    unit: '%',
    means: `Of all looks in the last ${AVAILABILITY_DAYS} days: how many were answered. Times in which the mirror is paused or in maintenance are not looked at and do not count.`,
  },
  {
    name: 'runs',
    title: 'Runs a day',
    unit: 'a day',
    means: `How often a day the mirror's trace file was found to be new, over the last ${AVAILABILITY_DAYS} days. Syncs that follow each other faster than the looks count as one.`,
  },
  {
    name: 'propagation',
    title: 'Propagation',
    unit: 'ms',
    means:
      'The time from the publication of a release until 50, 90, 95 and 100 % of the mirrors it was meant for had it: by what they report, and, apart from that, by what was seen.',
  },
  {
    name: 'score',
    title: 'Score',
    unit: 'points',
    means:
      'From 0 to 100: completion, times availability, times a part for delay that halves with every six hours of mean delay. 100 is a mirror that was always reached and always fresh.',
  },
];

/** The sentence of one figure. */
export function definitionOf(name: MetricName): string {
  return DEFINITIONS.find((one) => one.name === name)?.means ?? '';
}
