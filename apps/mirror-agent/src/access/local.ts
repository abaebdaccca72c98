import { accessResponse } from '@pushmirror/trigger/access';
import type { AgentConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import { createMasterClient } from '../master-client.ts';
import type { StatePaths } from '../state/paths.ts';
import { readJson, type OnCorrupt } from '../state/read-json.ts';
import type { AccountOf } from '../sync/archive-settings.ts';
import { createAccounts } from './accounts.ts';
import { openAccess } from './follow.ts';
import type { Told } from './let-in.ts';

/** The rules as they are in force at this mirror. */
export interface LocalAccess {
  told(): Told;
  /** With which account to pull from an upstream. */
  accountOf: AccountOf;
  /** Who acts by each change from now on. */
  onTold(act: (told: Told) => Promise<void>): void;
  /** Ask the master once. Never throws. */
  refresh(): Promise<void>;
  /** Keep asking it. */
  start(): void;
  ended(): Promise<void>;
}

export async function openLocalAccess(o: {
  config: AgentConfig;
  paths: StatePaths;
  onCorrupt: OnCorrupt;
  onDownstreams: (digest: string) => void;
  log: Logger;
  random: () => number;
  signal: AbortSignal;
}): Promise<LocalAccess> {
  const { config, paths, log, signal } = o;
  const accounts = createAccounts(paths.accounts);
  let act: (told: Told) => Promise<void> = () => Promise.resolve();
  let complaint = '';
  const { master } = config;
  const access = await openAccess({
    path: paths.access,
    // A client of its own, whose requests end at once when we are to stop.
    master: master && createMasterClient({ url: master.url, tokenFile: master.token_file, signal }),
    serves: config.rsyncd !== undefined,
    onCorrupt: o.onCorrupt,
    onProblem(reason) {
      if (reason !== complaint) log.warn(reason);
      complaint = reason;
    },
    async onChange(told) {
      await accounts.set(told.upstreams);
      await act(told);
      log.info({ digest: told.digest }, 'the rules have changed');
    },
    onDownstreams: o.onDownstreams,
    random: o.random,
    signal,
  });
  return {
    told: access.told,
    accountOf: accounts.of,
    onTold(next) {
      act = next;
    },
    refresh: access.refresh,
    start: access.start,
    ended: access.ended,
  };
}

/** The accounts of our copy, for a command that does not run the whole agent. */
export async function accountsOnDisk(paths: StatePaths): Promise<AccountOf> {
  const accounts = createAccounts(paths.accounts);
  const told = await readJson(paths.access, accessResponse, () => {});
  if (told !== undefined) await accounts.set(told.upstreams);
  return accounts.of;
}
