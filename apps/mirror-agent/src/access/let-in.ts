import { EVERYWHERE, type AccessModule } from '@pushmirror/acl';
import type { AccessResponse } from '@pushmirror/trigger/access';
import type { AgentConfig } from '../config.ts';

/** Whom our rsync daemon lets in. */
export interface LetIn {
  modules: AccessModule[];
  secrets: { user: string; secret: string }[];
}

/**
 * What the master has told: its answer; `none` where there is no master that knows of rules; or
 * nothing yet.
 */
export type Told = AccessResponse | 'none' | undefined;

/**
 * Whom our own rsync daemon lets in. With a master it is as the master says, and nobody for what
 * it has not (yet) spoken of, but for archives that `[rsyncd] open` names. Without one, everybody.
 */
export function letIn(
  archives: readonly Pick<AgentConfig['archive'][number], 'name'>[],
  open: readonly string[],
  told: Told,
): LetIn {
  const answer = typeof told === 'object' ? told : undefined;
  const modules = archives.flatMap(({ name }): AccessModule[] => {
    if (told === 'none' || open.includes(name)) return [anybody(name)];
    const mine = answer?.modules.filter((one) => one.archive === name) ?? [];
    return mine.length > 0 ? mine : [{ ...anybody(name), users: [], hostsAllow: [] }];
  });
  return { modules, secrets: answer?.secrets ?? [] };
}

function anybody(archive: string): AccessModule {
  return {
    name: archive,
    archive,
    users: null,
    hostsAllow: [...EVERYWHERE],
    ranges: null,
    hide: [],
    show: null,
  };
}
