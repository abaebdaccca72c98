import type { AllowedSigner } from '../head/allowed-signers.ts';
import type { SignedHead } from '../head/head.ts';
import type { SignedHold } from '../head/hold.ts';
import type { Result } from '../wire/reply.ts';
import type { TriggerWord } from '../wire/trigger.ts';
import type { Refusal } from './vet.ts';

/** Who is on the other end of the connection, as the SSH server has proven it. */
export interface Peer {
  /** Its name in our configuration. */
  mirror?: string;
  /** The fingerprint of its key, `SHA256:...`. */
  key?: string;
  /** Its IP address. */
  from?: string;
}

/** What was offered, by whom, and what became of it. One entry for each answer that is given. */
export interface AuditEntry {
  at: Date;
  peer: Peer;
  archive?: string;
  serial?: number;
  result: Result;
  /** A hold was offered; else it was a head, or a hint. */
  about?: 'hold';
  /** Why a head, hold or hint was refused; absent for a command that is no trigger at all. */
  refusal?: Refusal;
  /** A person should look at this one. */
  alarm?: boolean;
  reason: string;
}

/**
 * How far a head may be taken: `all`: commit when ready; `stage1`: stage it, and wait before the
 * commit; `stage2`: what was staged may now be committed.
 */
export type Stage = 'all' | 'stage1' | 'stage2';

/** What the receiving mirror knows and can do. */
export interface Receiver {
  network: string;
  signers(): readonly AllowedSigner[];
  /** Texts on who may sign were found, one after the other; kept if they are believed. */
  learnSigners?(bytes: Buffer): Promise<void>;
  mayNotify(peer: Peer, archive: string): { allowed: boolean; reason: string };
  carries(archive: string): boolean;
  /** The archive that is meant when a stock trigger names none; without one they are refused. */
  mainArchive?(): string | undefined;
  stored(archive: string): Promise<SignedHead | undefined>;
  /**
   * Keep a head that is new, or a newer issue of the one that is kept, and how far it may be taken.
   * Asked for duplicates too, since they may come with another stage: the issue that is kept then
   * stays. A polled head comes with `all`. When this resolves, all of it is on the disk; when it rejects, the sender is told to
   * come again. `not-staged`: told to commit what is not staged here yet; the sender comes again.
   */
  store(signed: SignedHead, peer: Peer, stage: Stage): Promise<'kept' | 'not-staged'>;
  /** The newest hold of an archive. */
  storedHold(archive: string): Promise<SignedHold | undefined>;
  /** Keep a hold that is new; on the disk when this resolves. */
  storeHold(signed: SignedHold, peer: Peer): Promise<void>;
  /**
   * An unsigned word that there may be news: `duplicate` when that is being looked at already. One for
   * a single stage is answered when that stage is done, which may take hours.
   */
  hint(
    archive: string,
    words: ReadonlySet<TriggerWord>,
  ): Promise<'accepted' | 'busy' | 'duplicate'>;
  /** Must make its own failures known: an answer that is due is given without its entry. */
  audit(entry: AuditEntry): Promise<void>;
  now(): Date;
}
