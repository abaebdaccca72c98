import { readFile } from 'node:fs/promises';
import { errnoOf, replaceFile } from '@pushmirror/host';
import { z } from 'zod';
import { AgentError } from '../errors.ts';

const schema = z.strictObject({
  master: z.string(),
  mirror: z.string(),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  token: z.string(),
  operatorToken: z.string(),
  /** The key with which the master looks whether it is let in. */
  masterKey: z.string().optional(),
});

/** A registration under way: kept before anything else, so that a second call goes on with it. */
export type Pending = z.output<typeof schema>;

/** Undefined when there is none, or none of this master and mirror where they are given. */
export async function readPending(
  path: string,
  of?: { master: string; mirror: string },
): Promise<Pending | undefined> {
  try {
    const pending = schema.parse(JSON.parse(await readFile(path, 'utf8')));
    const same = pending.master === of?.master && pending.mirror === of.mirror;
    return of === undefined || same ? pending : undefined;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw new AgentError('config', `${path} cannot be used. Remove it and register anew.`, {
      cause,
    });
  }
}

export function writePending(path: string, pending: Pending): Promise<void> {
  return replaceFile(path, `${JSON.stringify(pending)}\n`, 0o600);
}
