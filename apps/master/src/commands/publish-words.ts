import type { z } from 'zod';
import { bytes, counted, number, span } from '../http/page/words.ts';
import type { attemptSchema } from '../http/routes/schemas.ts';

type Told = Pick<z.infer<typeof attemptSchema>, 'archive' | 'serial' | 'progress'>;

/**
 * What a publish is doing, for people: how far it is, how fast, and how long it will take. Rates
 * are those of the phase it is in, from when we first heard of it.
 */
export class PublishWords {
  #phase = '';
  #since = 0;
  #from = { files: 0, bytes: 0 };

  constructor(readonly now: () => number = () => performance.now()) {}

  tell({ archive, serial, progress }: Told): string {
    const { phase, files, bytes: done, filesInAll, bytesInAll } = progress;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = this.now();
      this.#from = { files, bytes: done };
    }
    const what = `${archive} ${serial}:`;
    if (phase === 'writing') return `${what} writing the manifest`;
    const seconds = (this.now() - this.#since) / 1000;
    if (filesInAll === undefined || bytesInAll === undefined) {
      const rate = perSecond(files - this.#from.files, seconds);
      const speed = rate === undefined ? '' : `, ${number(Math.round(rate))} a second`;
      return `${what} ${phase}, ${number(files)} files and folders${speed}`;
    }
    const share = `${number(files)} of ${counted(filesInAll, 'file')}, ${bytes(done)} of ${bytes(bytesInAll)}`;
    const rate = perSecond(done - this.#from.bytes, seconds);
    if (rate === undefined) return `${what} ${phase}, ${share}`;
    const left = span(((bytesInAll - done) / rate) * 1000);
    return `${what} ${phase}, ${share}, ${bytes(Math.round(rate))}/s, ${left} left`;
  }
}

/** Undefined as long as it would be a guess. */
function perSecond(done: number, seconds: number): number | undefined {
  return done > 0 && seconds >= 0.5 ? done / seconds : undefined;
}
