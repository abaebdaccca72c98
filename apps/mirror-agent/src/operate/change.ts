import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceFile } from '@pushmirror/host';
import { z } from 'zod';
import type { OperatorDoor } from './door.ts';

const standing = z.object({
  state: z.enum(['applied', 'proving']),
  challenge: z
    .object({
      path: z.string().regex(/^project\/pushmirror\/proof\/[0-9a-f]{16}$/),
      text: z.string().regex(/^[\x20-\x7e]{1,200}$/),
    })
    .nullable(),
  missing: z.array(z.string()),
  advised: z.array(z.string()),
});

export interface ChangeOptions {
  door: OperatorDoor;
  change: object;
  /** The folder that the public URL shows. */
  folder: string;
  waitMs: number;
  everyMs: number;
  now: () => Date;
  signal: AbortSignal;
  say: (line: string) => void;
}

/**
 * Change this mirror's details at the master. Addresses and the host key are proven again: the
 * challenge is shown in the tree, and the SSH endpoint must answer.
 *
 * @returns whether it is changed; false when the time was up.
 */
export async function changeDetails(o: ChangeOptions): Promise<boolean> {
  const asked = await o.door.post('change', o.change, standing);
  if (asked.state === 'applied' || asked.challenge === null) return true;
  const file = join(o.folder, asked.challenge.path);
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, `${asked.challenge.text}\n`);
  try {
    const endsAt = o.now().getTime() + o.waitMs;
    let said = '';
    for (;;) {
      const { state, missing } = await o.door.post('change/check', undefined, standing);
      if (state === 'applied') return true;
      const words = missing.map((one) => `\n  ${one}`).join('');
      if (words !== said) o.say(`Still missing:${words}`);
      said = words;
      if (o.now().getTime() >= endsAt) return false;
      await delay(o.everyMs, undefined, { signal: o.signal });
    }
  } finally {
    await rm(file, { force: true });
    await rmdir(dirname(file)).catch(() => {}); // Another proof may be beside it.
  }
}
