import type { TreePath } from '@pushmirror/manifest';
import { findArchive } from '../db/archives.ts';
import type { Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import { currentRelease } from '../db/releases.ts';
import type { ArchiveRow } from '../db/schema.ts';
import { asActionable } from '../db/actionable.ts';
import { MasterError } from '../errors.ts';
import { checkArchiveStillThere } from './check-path.ts';
import { commitRelease, type Committed } from './commit-release.ts';
import { readContents, type ContentsProgress } from './contents.ts';
import type { Heads } from './heads.ts';
import { nextSerial } from './serial.ts';
import type { Turns } from './turns.ts';

/** A release that exists: nothing of it can be lost any more. */
export interface Published {
  archive: string;
  serial: number;
  files: number;
  bytes: number;
  changed: number;
  dropped: number;
  /** How many mirrors will be told. */
  mirrors: number;
  seconds: number;
}

/** A publish under way, or the last one that ended. */
export interface Attempt {
  archive: string;
  serial: number;
  startedAt: Date;
  progress: ContentsProgress;
  outcome?: { published: Published } | { error: unknown };
}

export interface PublishOptions {
  allowDelete?: number | undefined;
  full?: boolean | undefined;
  /** The only paths that may have changed. */
  changed?: readonly TreePath[] | undefined;
  /** Skip waves, bake and switching together, and go ahead of everything. */
  urgent?: boolean | undefined;
}

export interface Begun {
  attempt: Attempt;
  /**
   * Settles when the release exists and its head is public, unless its policy wants that later; or
   * when it failed.
   */
  done: Promise<Published>;
}

export interface Publisher {
  /** @throws MasterError `unknown-archive`, `publish-running`, `bad-path`, `stopping`. */
  begin(archive: string, by: Actor, options?: PublishOptions): Promise<Begun>;
  /** What this master last did for an archive, since it was started. */
  latest(archive: string): Attempt | undefined;
  /** Ends what is under way, and waits for it. */
  close(): Promise<void>;
}

export function createPublisher(o: {
  db: Db;
  network: string;
  stateDir: string;
  heads: Heads;
  turns: Turns;
  now: () => Date;
  /** Told when a publish began, came further, or ended. */
  onAttempt?: (attempt: Attempt) => void;
  /** Told at the moment at which a release exists, public or not. */
  onCommitted?: (committed: Committed) => void;
  /** Told when a release may leave; begins its pushes. */
  onPublished: (archive: string, serial: number) => Promise<void>;
}): Publisher {
  const latest = new Map<string, Attempt>();
  const busy = new Set<string>();
  const running = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const publish = async (
    archive: ArchiveRow,
    attempt: Attempt,
    by: Actor,
    options: PublishOptions,
  ): Promise<Published> => {
    const contents = await readContents({
      archive,
      network: o.network,
      serial: attempt.serial,
      stateDir: o.stateDir,
      ...options,
      onProgress(progress) {
        attempt.progress = progress;
        o.onAttempt?.(attempt);
      },
      signal: stopping.signal,
    });
    stopping.signal.throwIfAborted();
    const { files, bytes, changed, dropped, manifest } = contents;
    const seconds = (o.now().getTime() - attempt.startedAt.getTime()) / 1000;
    const { serial } = attempt;
    const named = { archive: archive.name, epoch: archive.epoch, serial };
    const pushes = await o.turns.take(archive.name, async () => {
      const signed = o.heads.sign(manifest === undefined ? named : { ...named, manifest });
      const rollout = { urgent: options.urgent ?? false };
      const done = await commitRelease(
        o.db,
        signed,
        { ...contents, seconds },
        by,
        o.now(),
        rollout,
      );
      o.onCommitted?.(done);
      if (done.release.public_at !== null) await makePublic(archive, serial);
      return done.pushes;
    });
    await o.onPublished(archive.name, serial);
    return {
      archive: archive.name,
      serial,
      files,
      bytes,
      changed,
      dropped,
      mirrors: pushes,
      seconds,
    };
  };

  /** When this fails the release exists all the same; the heartbeat makes it public later. */
  const makePublic = async (archive: ArchiveRow, serial: number) => {
    try {
      await o.heads.makePublic(archive);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new MasterError(
        'not-public',
        `Release ${serial} of ${archive.name} exists but is not public yet: ${why} It becomes public by itself once that is mended.`,
        { cause },
      );
    }
  };

  const prepare = async (name: string): Promise<{ archive: ArchiveRow; serial: number }> => {
    const archive = await findArchive(o.db, name);
    if (archive === undefined) {
      throw new MasterError(
        'unknown-archive',
        `There is no archive ${name}. Add it with: mirror-master archive add ${name} PATH`,
      );
    }
    await checkArchiveStillThere(archive);
    const previous = await currentRelease(o.db, name);
    return { archive, serial: nextSerial(previous?.serial, o.now()) };
  };

  return {
    async begin(name, by, options = {}) {
      if (stopping.signal.aborted) throw new MasterError('stopping', 'The master is stopping.');
      if (busy.has(name)) throw alreadyRunning(name, latest.get(name));
      busy.add(name);
      try {
        const { archive, serial } = await prepare(name);
        const attempt = newAttempt(name, serial, o.now());
        latest.set(name, attempt);
        const work = publish(archive, attempt, by, options).finally(() => busy.delete(name));
        o.onAttempt?.(attempt);
        const done = settle(attempt, work).finally(() => o.onAttempt?.(attempt));
        running.add(done);
        const forget = () => void running.delete(done);
        void done.then(forget, forget); // Whoever asked hears how it ended; nobody need be there.
        return { attempt, done };
      } catch (error) {
        busy.delete(name);
        throw error;
      }
    },
    latest: (name) => latest.get(name),
    async close() {
      stopping.abort(
        new MasterError('stopping', 'The master was stopped before the release existed.'),
      );
      await Promise.allSettled(running);
    },
  };
}

async function settle(attempt: Attempt, work: Promise<Published>): Promise<Published> {
  try {
    const published = await work;
    attempt.outcome = { published };
    return published;
  } catch (error) {
    const shown = asActionable(error) ?? error;
    attempt.outcome = { error: shown };
    throw shown;
  }
}

function newAttempt(archive: string, serial: number, startedAt: Date): Attempt {
  return { archive, serial, startedAt, progress: { phase: 'starting', files: 0, bytes: 0 } };
}

function alreadyRunning(archive: string, attempt: Attempt | undefined): MasterError {
  const since = attempt === undefined ? '' : ` since ${attempt.startedAt.toISOString()}`;
  return new MasterError(
    'publish-running',
    `The archive ${archive} is being published${since}. Wait for that to end.`,
  );
}
