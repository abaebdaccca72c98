import { createAttempts } from './attempts.ts';
import { connect } from './connect.ts';
import { execute } from './exec.ts';
import { readPushKey } from './push-key.ts';
import type { Outcome, PushTarget, Sender, SendLimits, StockLimits } from './sender.ts';
import { createStanding, type StandingCounts, type StandingOptions } from './standing.ts';

export interface Ssh2SenderOptions {
  /** The private key that mirrors know us by: a file that only its owner can read. */
  privateKeyPath: string;
  standing?: StandingOptions;
  /** Between keepalives on an idle connection, with a fifth of jitter; 30 s by default. */
  keepaliveMs?: number;
  random?: () => number;
}

/** A sender that can hold connections open between pushes, for targets that are `standing`. */
export interface Ssh2Sender extends Sender {
  /**
   * Say which targets should have a standing connection from now on; those that are missing are
   * opened in the background, at random within a few seconds. Call it again whenever the list
   * changes. Targets whose settings do not allow it are left out.
   */
  stand(targets: readonly PushTarget[]): void;
  standing(): StandingCounts;
}

const BACKGROUND_DEADLINE_MS = 20_000;
/** A standing connection that does not react in this time, or a third of the deadline, is dead. */
const LONGEST_START_MS = 3_000;

/**
 * Sends triggers with ssh2: over the standing connection where there is one (an open channel and
 * an exec, no handshake), and over a fresh one else. A standing connection that turns out dead
 * costs a fresh one within the same deadline, not the attempt.
 *
 * @throws HostError or TriggerError when the private key cannot be used.
 */
export function createSsh2Sender(options: Ssh2SenderOptions): Ssh2Sender {
  const key = readPushKey(options.privateKeyPath);
  const random = options.random ?? Math.random;
  const attempts = createAttempts();
  const pool = createStanding(
    (target) =>
      attempts.run(undefined, ({ signal }) => open(target, BACKGROUND_DEADLINE_MS, signal)),
    random,
    options.standing ?? {},
  );

  function send(target: PushTarget, command: string, limits: SendLimits): Promise<Outcome> {
    const endsAt = performance.now() + limits.deadlineMs;
    return attempts.run(
      limits.signal,
      async ({ signal }) =>
        (await sendOverStanding(target, command, limits.deadlineMs, signal)) ??
        (await sendOverFresh(target, command, endsAt - performance.now(), signal, limits.stock)),
    );
  }

  /** Undefined when there is no standing connection, or none that works. */
  async function sendOverStanding(
    target: PushTarget,
    command: string,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    const connection = target.standing === true ? pool.find(target) : undefined;
    if (connection === undefined) return undefined;
    const startMs = Math.min(LONGEST_START_MS, deadlineMs / 3);
    const done = await execute(connection, target, command, {
      leftMs: deadlineMs,
      deadlineMs,
      startMs,
      signal,
    });
    if (done.connection === 'clean') pool.keep(target, connection);
    else pool.drop(target, connection);
    return done.connection === 'broken' ? undefined : done.outcome;
  }

  async function sendOverFresh(
    target: PushTarget,
    command: string,
    deadlineMs: number,
    signal: AbortSignal,
    stock: StockLimits | undefined,
  ): Promise<Outcome> {
    const startedAt = performance.now();
    const connected = await open(target, deadlineMs, signal);
    if (!connected.ok) return connected.outcome;
    const left = deadlineMs - (performance.now() - startedAt);
    const limits = { leftMs: left, deadlineMs, startMs: left, signal, stock };
    const done = await execute(connected.connection, target, command, limits);
    if (target.standing === true && done.connection === 'clean') {
      pool.keep(target, connected.connection);
    } else connected.connection.close();
    return done.outcome;
  }

  function open(target: PushTarget, deadlineMs: number, signal: AbortSignal) {
    const keepaliveMs = Math.round((options.keepaliveMs ?? 30_000) * (0.9 + random() / 5));
    return connect(target, key, { deadlineMs, signal, keepaliveMs });
  }

  return {
    send,
    stand: (targets) => pool.want(targets.filter((target) => target.standing === true)),
    standing: () => pool.counts(),
    async close() {
      await attempts.close();
      pool.close();
    },
  };
}
