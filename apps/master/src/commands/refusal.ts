import { z } from 'zod';

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Why the master refused; undefined when the answer is none of a master's. */
export function readRefusal(text: string): { code: string; message: string } | undefined {
  try {
    return refusal.parse(JSON.parse(text)).error;
  } catch {
    return undefined;
  }
}
