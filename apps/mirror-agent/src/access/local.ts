import { accessResponse } from '@pushmirror/trigger/access';
import type { ArchiveConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import { createMasterClient } from '../master-client.ts';
import type { Settings } from '../settings.ts';
import { statePaths, type StatePaths } from '../state/paths.ts';
import { readJson, type OnCorrupt } from '../state/read-json.ts';
import type { ArchiveSettings } from '../sync/archive-settings.ts';
import { createAccounts } from './accounts.ts';
import { openAccess } from './follow.ts';
import { writeKnownHosts } from './known-hosts.ts';
import type { Told } from './let-in.ts';
import { announcementOf, sshPullOf } from './over-ssh.ts';
import { createSources, type Sources } from './sources.ts';

/** The rules as they are in force at this mirror. */
export interface LocalAccess {
  told(): Told;
  /** With what to pull from an upstream. */
  pullAs: Pick<ArchiveSettings, 'accounts' | 'ssh'>;
  /** Where to pull from, and who may push. */
  sources: Sources;
  /** Who acts by each change from now on. */
  onTold(act: (told: Told) => Promise<void>): void;
  /** Ask the master once. Never throws. */
  refresh(): Promise<void>;
  /** Keep asking it. */
  start(): void;
  ended(): Promise<void>;
}

export async function openLocalAccess(o: {
  settings: Settings;
  paths: StatePaths;
  onCorrupt: OnCorrupt;
  onDownstreams: (digest: string) => void;
  /** Texts on who may sign, oldest first. */
  onSigners: (texts: readonly Buffer[]) => Promise<void>;
  log: Logger;
  random: () => number;
  signal: AbortSignal;
}): Promise<LocalAccess> {
  const { settings, paths, log, signal } = o;
  const { config } = settings;
  const sources = createSources(settings, (reason) => log.warn(reason));
  const accounts = createAccounts(paths.accounts);
  const ssh = sshPullOf(config, paths);
  let act: (told: Told) => Promise<void> = () => Promise.resolve();
  let complaint = '';
  const { master } = config;
  const announcement = master && (await announcementOf(config, paths));
  const isAsked = config.rsyncd !== undefined || config.rsync_ssh !== undefined;
  const access = await openAccess({
    path: paths.access,
    // A client of its own, whose requests end at once when we are to stop.
    master: master && createMasterClient({ url: master.url, tokenFile: master.token_file, signal }),
    // Who pulls over SSH must hear of host keys as soon as those who serve hear of pull keys.
    serves: isAsked || announcement?.pullKey !== undefined,
    announcement,
    onCorrupt: o.onCorrupt,
    onProblem(reason) {
      if (reason !== complaint) log.warn(reason);
      complaint = reason;
    },
    async onChange(told) {
      await accounts.set(told.upstreams);
      await writeKnownHosts(paths.knownHosts, told.sources);
      await o.onSigners(told.signers.map((text) => Buffer.from(text, 'latin1')));
      sources.take(told);
      await act(told);
      log.info({ digest: told.digest }, 'the rules have changed');
    },
    onDownstreams: o.onDownstreams,
    random: o.random,
    signal,
  });
  return {
    told: access.told,
    pullAs: { accounts: accounts.of, ssh },
    sources,
    onTold(next) {
      act = next;
    },
    refresh: access.refresh,
    start: access.start,
    ended: access.ended,
  };
}

/** By our copy of what the master told, for a command that does not run the whole agent. */
export async function sourcesOnDisk(settings: Settings, paths: StatePaths): Promise<Sources> {
  const sources = createSources(settings, () => {});
  const told = await readJson(paths.access, accessResponse, () => {});
  if (told !== undefined) sources.take(told);
  return sources;
}

/** The same, of an archive that is to be pulled: its upstreams, and the accounts there. */
export async function archiveOnDisk(
  settings: Settings,
  archive: ArchiveConfig,
): Promise<ArchiveConfig> {
  const paths = statePaths(settings.config.state);
  const accounts = createAccounts(paths.accounts);
  const told = await readJson(paths.access, accessResponse, () => {});
  if (told !== undefined) await accounts.set(told.upstreams);
  const sources = await sourcesOnDisk(settings, paths);
  const ssh = sshPullOf(settings.config, paths);
  return sources.following({ ...archive, accounts: accounts.of, ssh });
}
