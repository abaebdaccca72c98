import { ago, moment } from './words.ts';

/** A time as pages show it. */
export interface Moment {
  iso: string;
  text: string;
  full: string;
}

export function momentOf(at: Date | string, now: Date): Moment {
  const time = typeof at === 'string' ? new Date(at) : at;
  return { iso: time.toISOString(), text: ago(time, now), full: moment(time) };
}
