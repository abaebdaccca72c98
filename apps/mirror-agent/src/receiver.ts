import { join } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import {
  parseHold,
  type AuditEntry,
  type Peer,
  type Receiver,
  type SignedHead,
  type TriggerWord,
} from '@pushmirror/trigger';
import { mayNotify } from './access.ts';
import type { Inbox, Offered } from './inbox.ts';
import type { Settings } from './settings.ts';
import type { Signers } from './signers.ts';
import { statePaths } from './state/paths.ts';
import { readState } from './state/read-json.ts';

export interface ReceiverOptions {
  settings: Settings;
  signers: Signers;
  inbox: Inbox;
  /** A head was offered to the inbox, which has answered. */
  onOffered: (signed: SignedHead, offered: Offered, peer: Peer) => Promise<void>;
  hint: (archive: string, words: ReadonlySet<TriggerWord>) => ReturnType<Receiver['hint']>;
  audit: (entry: AuditEntry) => Promise<void>;
  now: () => Date;
}

/** What this mirror knows and can do, in the form in which libs/trigger asks for it. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { settings, inbox, now } = options;
  const names = settings.config.archive.map((archive) => archive.name);
  const { inbox: folder } = statePaths(settings.config.state);
  const holdPath = (archive: string) => join(folder, `${archive}.hold`);
  return {
    network: settings.config.network,
    signers: options.signers,
    mayNotify: (peer, archive) => mayNotify(settings.rules, peer, archive, now()),
    carries: (archive) => names.includes(archive),
    mainArchive: () => names[0],
    stored: (archive) => inbox.head(archive),
    async store(signed, peer) {
      const offered = await inbox.offer(signed);
      if (offered !== 'duplicate') await options.onOffered(signed, offered, peer);
      return 'kept';
    },
    storedHold: (archive) => readState(holdPath(archive), parseHold, () => {}),
    storeHold: ({ hold, bytes }) => replaceFile(holdPath(hold.archive), bytes, 0o600),
    hint: options.hint,
    audit: options.audit,
    now,
  };
}
