import { inBytes, inSeconds } from './in-words.ts';

/** Below this a rate would be a guess. */
const SOONEST_MS = 500;

/** How fast something goes, and how long it will take: `3.1 MiB/s, 11 s left`. */
export class Pace {
  #since: number | undefined;
  #from = 0;
  #share = 0;
  #last = 0;

  constructor(readonly now: () => number = () => performance.now()) {}

  /** `share` of all is done, from 0 to 1, and so many bytes. Fewer than before: it began anew. */
  tell(bytes: number, share: number): string {
    if (this.#since === undefined || bytes < this.#last) {
      this.#since = this.now();
      this.#from = bytes;
      this.#share = share;
    }
    this.#last = bytes;
    const ms = this.now() - this.#since;
    const rate = ((bytes - this.#from) / ms) * 1_000;
    if (ms < SOONEST_MS || rate <= 0) return '';
    const done = share - this.#share;
    const left = done > 0 && share < 1 ? ((1 - share) / done) * (ms / 1_000) : undefined;
    return `${inBytes(rate)}/s${left === undefined ? '' : `, ${inSeconds(left)} left`}`;
  }
}
