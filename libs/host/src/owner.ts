import { statSync } from 'node:fs';

/**
 * Root goes on as the user whose folder it is: what root makes in there would be in that user's way
 * ever after. Anybody else stays who they are, as does root where the folder is root's or not there.
 */
export function becomeOwnerOf(folder: string): void {
  const owner = statSync(folder, { throwIfNoEntry: false });
  if (process.geteuid?.() !== 0 || owner === undefined || owner.uid === 0) return;
  try {
    (process as WithGroups).initgroups(owner.uid, owner.gid);
  } catch {
    process.setgroups?.([owner.gid]); // A user of whom /etc/passwd does not know.
  }
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}

/** Node's types do not know of it: https://nodejs.org/api/process.html#processinitgroupsuser-extragroup */
type WithGroups = NodeJS.Process & { initgroups(user: number, group: number): void };
