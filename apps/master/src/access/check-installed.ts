import type { MasterConfig } from '../config.ts';
import type { Access } from './access.ts';
import { driftOf, type Drift } from './drift.ts';
import { rsyncdFiles } from './rsync-daemon.ts';
import { rsyncdSettings, servedByMaster } from './serving.ts';
import { sshFiles } from './ssh-doors.ts';

/** Whether what is installed is what the rules come to. */
export interface CheckedAccess {
  /** False: the master runs no rsync daemon, and lets nobody pull over SSH. */
  managed: boolean;
  drift: Drift[];
  mirrors: { mirror: string; current: boolean; askedAt: string | null }[];
}

/**
 * Compare the files of the master's own rsync daemon, line by line, and what each mirror's agent
 * says that it has, with what they should be.
 */
export async function checkInstalled(
  access: Access,
  config: MasterConfig,
  now: () => Date,
): Promise<CheckedAccess> {
  await access.refresh();
  const policy = await access.policy();
  const settings = rsyncdSettings(config);
  const daemon = settings === undefined ? [] : rsyncdFiles(settings, servedByMaster(policy, now()));
  const files = [...daemon, ...(sshFiles(config, policy, now())?.files ?? [])];
  const agents = policy.mirrors.filter(({ kind, state }) => kind === 'agent' && state !== 'left');
  const mirrors = [];
  for (const { name } of agents) {
    const said = access.applied().get(name);
    const current = said?.digest === (await access.answerFor(name)).digest;
    mirrors.push({ mirror: name, current, askedAt: said?.at.toISOString() ?? null });
  }
  return { managed: files.length > 0, drift: await driftOf(files), mirrors };
}
