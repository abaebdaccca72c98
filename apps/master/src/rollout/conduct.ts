import { parseHold, type SignedHold } from '@pushmirror/trigger/head/hold';
import { findArchive, listArchives } from '../db/archives.ts';
import type { Actor } from '../db/audit.ts';
import type { Heads } from '../archive/heads.ts';
import type { Turns } from '../archive/turns.ts';
import { newestHold } from '../db/holds.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { currentRelease, updateRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import { MasterError, unknownArchive } from '../errors.ts';
import { createAlarms } from './alarms.ts';
import { decide, stepWithoutGate, type Step } from './decide.ts';
import type { AskGate } from './gate.ts';
import { writeHold, type HoldSigner } from './hold-release.ts';
import { createRounds } from './rounds.ts';
import { askedOf, isSame, standingOf, type Asked, type Standing } from './standing.ts';
import { takeStep, type RowStep } from './steps.ts';

/** Moves releases through their waves, and holds them. All that it knows is in the database. */
export interface Conductor {
  /** Take up every rollout where it stood, after a start. */
  start(): Promise<void>;
  /** A release exists. */
  begin(archive: string): void;
  /** These pushes changed: a barrier may open, a wave may be complete. */
  moved(pushes: readonly PushRow[]): void;
  /** Resolves when nothing more follows from how it is now. */
  look(archive: string): Promise<void>;
  /** @throws MasterError `unknown-archive`, `unknown-release`, `invalid` when it is held already. */
  halt(archive: string, by: Actor, reason?: string): Promise<ReleaseRow>;
  /**
   * Let a held release go on; its wave's times begin anew. `skipGate`: and go on with the next wave,
   * or open the barrier, without waiting.
   *
   * @throws MasterError `unknown-archive`, `unknown-release`, `invalid` when it is not held.
   */
  resume(archive: string, by: Actor, options?: { skipGate?: boolean }): Promise<ReleaseRow>;
  close(): Promise<void>;
}

/** What happened to a rollout, for those who watch. */
export type RolloutChange = 'wave' | 'held' | 'resumed';

export interface ConductorOptions extends HoldSigner {
  db: Db;
  heads: Heads;
  turns: Turns;
  askGate: AskGate;
  now: () => Date;
  /** Rows of this archive changed: send what they say. */
  send: (archive: string) => Promise<void>;
  /** A hold is written down: tell the mirrors. */
  tellHold: (archive: string, hold: SignedHold) => Promise<void>;
  onChange: (release: ReleaseRow, change: RolloutChange, moved: readonly PushRow[]) => void;
  onTrouble: (archive: string, error: unknown) => void;
}

/** The master, in the audit and as the one who held. */
const MASTER_ITSELF: Actor = { name: 'master', origin: 'master' };
const AGAIN_AFTER_TROUBLE_MS = 5_000;

/** What was done in one turn, and what must follow now that it is on the disk. */
interface Done {
  release: ReleaseRow;
  change: RolloutChange;
  moved: readonly PushRow[];
  hold?: SignedHold;
  becamePublic: boolean;
}

export function createConductor(o: ConductorOptions): Conductor {
  const { db, turns, now } = o;
  const alarms = createAlarms(now);
  /** Archives with a rollout about which something is to be decided. */
  const active = new Set<string>();
  /** A gate that is being asked. */
  const gates = new Map<string, AbortController>();
  const stopping = new AbortController();

  /** Decide and act until there is nothing to do but wait. */
  const settle = async (archive: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      const next = await turns.take(archive, () => stepOnce(archive));
      if (next === 'quiet') return;
      if (next !== 'again') await passGate(archive, next);
    }
  };

  const stepOnce = async (archive: string): Promise<'quiet' | 'again' | Asked> => {
    const at = now();
    const found = await db.transaction().execute(async (trx) => {
      const standing = await standingOf(trx, archive);
      if (standing === undefined) return undefined;
      const step = decide(standing.now, at);
      const done = await act(trx, standing, step, at);
      return { standing, step, done };
    });
    if (found === undefined || found.standing.release.phase === 'done') {
      active.delete(archive);
      return 'quiet';
    }
    active.add(archive);
    const { standing, step, done } = found;
    if (done !== undefined) {
      await follow(done);
      return 'again';
    }
    if (step.do === 'gate') return askedOf(standing);
    if (step.do === 'wait' && step.until !== undefined) {
      alarms.set(archive, step.until, () => rounds.look(archive));
    }
    return 'quiet';
  };

  const act = async (trx: DbOrTrx, standing: Standing, step: Step, at: Date) => {
    if (step.do === 'wait' || step.do === 'gate') return undefined;
    if (step.do === 'hold') return holdIt(trx, standing.release, MASTER_ITSELF, step.reason, at);
    return takeRowStep(trx, standing, step, at);
  };

  const takeRowStep = async (
    trx: DbOrTrx,
    { release, now: { policy } }: Standing,
    step: RowStep,
    at: Date,
  ): Promise<Done> => {
    const taken = await takeStep(trx, release, policy, step, at);
    const becamePublic = release.public_at === null && taken.release.public_at !== null;
    return { ...taken, change: 'wave', becamePublic };
  };

  const holdIt = async (
    trx: DbOrTrx,
    release: ReleaseRow,
    by: Actor,
    reason: string | undefined,
    at: Date,
  ): Promise<Done> => {
    const hold = await writeHold(trx, release, { state: 'held', reason, by, at }, o);
    const held_reason = hold.hold.reason ?? null;
    const held = { ...release, held_at: at.toISOString(), held_reason, held_by: by.name };
    return { release: held, change: 'held', moved: [], hold, becamePublic: false };
  };

  /** What follows from rows that are on the disk. Each is made good later when it fails. */
  const follow = async ({ release, change, moved, hold, becamePublic }: Done): Promise<void> => {
    const { archive } = release;
    const archiveRow = await findArchive(db, archive);
    const safely = (work: Promise<unknown>) =>
      work.catch((error: unknown) => o.onTrouble(archive, error));
    o.onChange(release, change, moved);
    // First the public head: a stock mirror commits what it finds there.
    if (becamePublic && archiveRow !== undefined) await safely(o.heads.makePublic(archiveRow));
    await safely(o.send(archive));
    if (hold !== undefined) {
      if (archiveRow !== undefined) await safely(o.heads.makeHoldPublic(archiveRow));
      await safely(o.tellHold(archive, hold));
    }
  };

  /** Asking may take minutes, in which a person may hold it, or a newer release take over. */
  const passGate = async (archive: string, asked: Asked): Promise<void> => {
    const gate = new AbortController();
    gates.set(archive, gate);
    try {
      const signal = AbortSignal.any([gate.signal, stopping.signal]);
      const answer = await o.askGate(asked.question, signal);
      await turns.take(archive, async () => {
        const at = now();
        const done = await db.transaction().execute(async (trx) => {
          const standing = await standingOf(trx, archive);
          if (standing === undefined || !isSame(standing.release, asked.release)) return undefined;
          if (answer.passed) return takeRowStep(trx, standing, { do: 'advance' }, at);
          return holdIt(trx, standing.release, MASTER_ITSELF, answer.reason, at);
        });
        if (done !== undefined) await follow(done);
      });
    } catch (error) {
      if (!gate.signal.aborted && !stopping.signal.aborted) throw error;
    } finally {
      gates.delete(archive);
    }
  };

  const rounds = createRounds(settle, (archive, error) => {
    if (stopping.signal.aborted) return;
    o.onTrouble(archive, error);
    const again = new Date(now().getTime() + AGAIN_AFTER_TROUBLE_MS);
    alarms.set(archive, again, () => rounds.look(archive));
  });

  /** A person's word: on the newest release, in its turn. */
  const order = async (
    archive: string,
    work: (trx: DbOrTrx, standing: Standing, at: Date) => Promise<Done[]>,
  ): Promise<ReleaseRow> => {
    gates.get(archive)?.abort();
    const last = await turns.take(archive, async () => {
      const at = now();
      const all = await db.transaction().execute(async (trx) => {
        const standing = await standingOf(trx, archive);
        if (standing === undefined) throw await nothingThere(trx, archive);
        return work(trx, standing, at);
      });
      for (const done of all) await follow(done);
      return all.at(-1);
    });
    if (last === undefined) throw new Error('An order does something.');
    void rounds.look(archive);
    return last.release;
  };

  return {
    async start() {
      for (const { name } of await listArchives(db)) {
        const [hold, release] = [await newestHold(db, name), await currentRelease(db, name)];
        if (hold !== undefined && hold.serial === release?.serial) {
          const signed = parseHold(Buffer.from(hold.text, 'latin1'));
          await o.tellHold(name, signed).catch((error: unknown) => o.onTrouble(name, error));
        }
        void rounds.look(name);
      }
    },
    begin(archive) {
      gates.get(archive)?.abort();
      active.add(archive);
      void rounds.look(archive);
    },
    moved(pushes) {
      for (const archive of new Set(pushes.map((push) => push.archive))) {
        if (active.has(archive)) void rounds.look(archive);
      }
    },
    look: (archive) => rounds.look(archive),
    halt: (archive, by, reason) =>
      order(archive, async (trx, { release }, at) => {
        if (release.held_at !== null) throw alreadyHeld(release);
        return [await holdIt(trx, release, by, reason, at)];
      }),
    resume: (archive, by, { skipGate = false } = {}) =>
      order(archive, async (trx, standing, at) => {
        const { release } = standing;
        if (release.held_at === null) throw notHeld(release);
        const hold = await writeHold(trx, release, { state: 'released', by, at }, o);
        const free = await restartPhase(trx, release, at);
        const resumed = { release: free, moved: [], hold, becamePublic: false };
        const first: Done = { ...resumed, change: 'resumed' };
        const step = skipGate ? stepWithoutGate(standing.now) : undefined;
        if (step === undefined || step.do === 'wait' || step.do === 'gate' || step.do === 'hold') {
          return [first];
        }
        return [first, await takeRowStep(trx, { ...standing, release: free }, step, at)];
      }),
    async close() {
      stopping.abort();
      alarms.close();
      await rounds.settled();
    },
  };
}

/** The times of its wave begin anew. */
async function restartPhase(trx: DbOrTrx, release: ReleaseRow, at: Date): Promise<ReleaseRow> {
  const change = { phase_at: at.toISOString() };
  await updateRelease(trx, release, change);
  return { ...release, ...change, held_at: null, held_reason: null, held_by: null };
}

async function nothingThere(trx: DbOrTrx, archive: string): Promise<MasterError> {
  if ((await findArchive(trx, archive)) === undefined) {
    return unknownArchive(archive);
  }
  return new MasterError('unknown-release', `Nothing of ${archive} was published yet.`);
}

function alreadyHeld({ archive, serial, held_at: since, held_reason: why }: ReleaseRow) {
  const reason = why === null ? '' : `: ${why}`;
  return new MasterError('invalid', `${archive} ${serial} is held since ${since}${reason}`);
}

function notHeld({ archive, serial }: ReleaseRow) {
  return new MasterError('invalid', `${archive} ${serial} is not held.`);
}
