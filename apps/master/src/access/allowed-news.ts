import { listAccessRules } from '../db/access-rules.ts';
import type { DbOrTrx } from '../db/open.ts';
import { readSetting } from '../db/settings.ts';
import { mayTrigger } from './compile.ts';
import { readPolicy } from './policy.ts';

/**
 * Of these opt-ins, those whose mirror may be sent the archive's news. Without a rule about
 * triggers, which is usual, that is all of them.
 */
export async function allowedNews<T extends { mirror: string; archive: string }>(
  db: DbOrTrx,
  optIns: readonly T[],
): Promise<T[]> {
  const rules = await listAccessRules(db);
  if (!rules.some(({ action }) => action === 'trigger')) return [...optIns];
  const policy = await readPolicy(db, (await readSetting(db, 'network')) ?? '');
  // Rules about triggers have no dates, so that the moment does not matter.
  return optIns.filter(({ mirror, archive }) => mayTrigger(policy, mirror, archive, new Date(0)));
}
