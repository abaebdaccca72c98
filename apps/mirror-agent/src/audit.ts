import { rename, stat } from 'node:fs/promises';
import { appendToFile } from '@pushmirror/host';
import { createBatch } from './state/batch.ts';

/** The record of triggers: who, from where, what was decided and why. */
export interface Audit {
  /** Resolves when the entry is on the disk. */
  append(entry: object): Promise<void>;
}

const LARGEST = 8 * 1024 * 1024;
const KEPT = 4;

/**
 * An append-only file of JSON lines. At `largest` bytes it becomes FILE.1, and so on; the oldest is
 * dropped, so that nobody can fill the disk by being refused.
 *
 * @throws HostError from `append` when the disk is full.
 */
export function createAudit(path: string, largest = LARGEST): Audit {
  const batch = createBatch<string>(async (lines) => {
    await rotate(path, largest);
    await appendToFile(path, lines.join(''), 0o600);
  });
  return { append: (entry) => batch(`${JSON.stringify(entry)}\n`) };
}

async function rotate(path: string, largest: number): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size < largest) return;
  for (let n = KEPT - 1; n >= 1; n -= 1) {
    await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(() => {}); // Not there yet.
  }
  await rename(path, `${path}.1`);
}
