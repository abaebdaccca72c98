import { ago, moment } from './words.ts';

/** A time as pages show it. Its words are only made where somebody reads them. */
export interface Moment {
  iso: string;
  text: string;
  full: string;
}

export function momentOf(at: Date | string, now: Date): Moment {
  const time = typeof at === 'string' ? new Date(at) : at;
  return {
    iso: time.toISOString(),
    get text() {
      return ago(time, now);
    },
    get full() {
      return moment(time);
    },
  };
}
