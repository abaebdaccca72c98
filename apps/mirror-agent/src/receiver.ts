import type { AuditEntry, Peer, Receiver, SignedHead, TriggerWord } from '@pushmirror/trigger';
import { mayNotify } from './access.ts';
import type { Inbox, Offered } from './inbox.ts';
import type { Settings } from './settings.ts';
import type { Signers } from './signers.ts';

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
  return {
    network: settings.config.network,
    signers: options.signers,
    mayNotify: (peer, archive) => mayNotify(settings.rules, peer, archive, now()),
    carries: (archive) => names.includes(archive),
    mainArchive: () => names[0],
    stored: (archive) => inbox.head(archive),
    async store(signed, peer) {
      await options.onOffered(signed, await inbox.offer(signed), peer);
    },
    hint: options.hint,
    audit: options.audit,
    now,
  };
}
