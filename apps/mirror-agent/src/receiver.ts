import type { Rule } from '@pushmirror/acl';
import {
  compareHeads,
  type AuditEntry,
  type Peer,
  type Receiver,
  type SignedHead,
  type SignedHold,
  type TriggerWord,
} from '@pushmirror/trigger';
import { mayNotify } from './access.ts';
import { AgentError } from './errors.ts';
import type { Inbox, Offered } from './inbox.ts';
import type { Permission } from './permission.ts';
import type { Settings } from './settings.ts';
import type { Signers } from './signers.ts';
import { stagedHead } from './sync/manifest/staged.ts';

export interface ReceiverOptions {
  settings: Settings;
  /** Who may notify of what, at this moment. */
  rules: () => readonly Rule[];
  signers: Signers;
  learnSigners?: (bytes: Buffer) => Promise<void>;
  inbox: Inbox;
  /** A head was offered to the inbox, which has kept it, or had it already. */
  onOffered: (signed: SignedHead, offered: Offered, peer: Peer) => Promise<void>;
  /** A hold was offered to the inbox. */
  onHold: (signed: SignedHold, permission: Permission) => Promise<void>;
  hint: (archive: string, words: ReadonlySet<TriggerWord>) => ReturnType<Receiver['hint']>;
  audit: (entry: AuditEntry) => Promise<void>;
  now: () => Date;
}

/** What this mirror knows and can do, in the form in which libs/trigger asks for it. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { settings, inbox, now } = options;
  const { config } = settings;
  const names = config.archive.map((archive) => archive.name);

  /** By what stands in the tree, which says the same to the daemon and to a forced command. */
  async function isStaged(signed: SignedHead): Promise<boolean> {
    const archive = config.archive.find(({ name }) => name === signed.head.archive);
    const staged = archive && (await stagedHead(archive.to, config.name));
    return staged !== undefined && ['duplicate', 'refresh'].includes(compareHeads(staged, signed));
  }

  return {
    network: config.network,
    signers: options.signers,
    ...(options.learnSigners === undefined ? {} : { learnSigners: options.learnSigners }),
    mayNotify: (peer, archive) => mayNotify(options.rules(), peer, archive, now()),
    carries: (archive) => names.includes(archive),
    mainArchive: () => names[0],
    stored: (archive) => inbox.head(archive),
    async store(signed, peer, stage) {
      const offered = await inbox.offer(signed, stage, () => isStaged(signed));
      const { comparison, lacking } = offered;
      if (comparison === 'rollback' || comparison === 'equivocation') {
        // Another process was quicker: judged again, it gets the answer that it deserves.
        throw new AgentError('state', 'Another head was taken in meanwhile.');
      }
      await options.onOffered(signed, offered, peer);
      return lacking ? 'not-staged' : 'kept';
    },
    storedHold: (archive) => inbox.hold(archive),
    storeHold: async (signed) => options.onHold(signed, await inbox.offerHold(signed)),
    hint: options.hint,
    audit: options.audit,
    now,
  };
}
