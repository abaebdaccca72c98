import type { Word } from './word.ts';

/** What a push in the fan-out is about. */
export interface PushKey {
  archive: string;
  epoch: number;
  serial: number;
  mirror: string;
  /** `hold`: not a head is told, but a hold; `serial` is then its sequence. */
  word: Word | 'hold';
}

/** The name under which the fan-out knows it. */
export function keyOf({ archive, epoch, serial, mirror, word }: PushKey): string {
  return JSON.stringify([archive, epoch, serial, mirror, word]);
}

/** Read what `keyOf` wrote. */
export function readPushKey(key: string): PushKey {
  const [archive, epoch, serial, mirror, word] = JSON.parse(key) as [
    string,
    number,
    number,
    string,
    PushKey['word'],
  ];
  return { archive, epoch, serial, mirror, word };
}
