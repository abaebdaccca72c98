import { connect as openSocket } from 'node:net';
import { fingerprint, sameKey } from '@pushmirror/acl';
import ssh2 from 'ssh2';
import type { ParsedKey, PublicKeyAuthMethod } from 'ssh2';
import { algorithmsFor } from './algorithms.ts';
import { checkTarget } from './check-target.ts';
import { outcomeOfError, type Failure, type Phase } from './connect-failure.ts';
import { connectionOf, type Connection } from './connection.ts';
import type { PushTarget } from './sender.ts';
import { sentences } from './sentences.ts';
import { watchOpening } from './watch-opening.ts';

export type Connected = { ok: true; connection: Connection } | { ok: false; outcome: Failure };

export interface ConnectLimits {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  keepaliveMs: number;
}

const KEEPALIVES_UNANSWERED = 3;
const NEXT_ADDRESS_AFTER_MS = 1_000;

/**
 * Connect, check the host's key against the pinned one, and log in with `key`, all within the
 * deadline. Never throws: what went wrong, and how far it got, is in the outcome.
 */
export function connect(
  target: PushTarget,
  key: ParsedKey,
  limits: ConnectLimits,
): Promise<Connected> {
  const pinned = checkTarget(target);
  if (typeof pinned === 'string') {
    return Promise.resolve({ ok: false, outcome: { kind: 'rejected', reason: pinned } });
  }
  if (limits.signal?.aborted) {
    const reason = sentences.cancelled();
    return Promise.resolve({ ok: false, outcome: { kind: 'unreachable', reason } });
  }
  return new Promise((resolve) => {
    const login: PublicKeyAuthMethod = { type: 'publickey', username: target.user, key };
    const client = new ssh2.Client();
    const socket = openSocket({
      host: target.host,
      port: target.port,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
    });
    let phase: Phase = 'connection';
    let shown: Buffer | undefined;
    let settled = false;

    const settle = (result: Connected) => {
      if (settled) return;
      settled = true;
      limits.signal?.removeEventListener('abort', onAbort);
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const fail = (kind: 'unreachable' | 'rejected', reason: string) =>
      settle({ ok: false, outcome: { kind, reason } });
    const onAbort = () => fail('unreachable', sentences.cancelled());
    const onClosed = () => fail('unreachable', sentences.lost(target, `the ${phase}`));

    client.on('error', (error) => {
      if (shown !== undefined && !sameKey(shown, pinned.blob)) {
        const [expected, received] = [fingerprint(pinned.blob), fingerprint(shown)];
        fail('rejected', sentences.hostKeyChanged(target, expected, received));
      } else {
        settle({ ok: false, outcome: outcomeOfError(target, error, phase, limits.deadlineMs) });
      }
    });
    client.on('end', onClosed);
    client.on('close', onClosed);
    client.on('handshake', () => (phase = 'login'));
    client.on('ready', () => settle({ ok: true, connection: connectionOf(client, socket) }));
    socket.on('connect', () => (phase = 'greeting'));
    limits.signal?.addEventListener('abort', onAbort, { once: true });

    client.connect({
      sock: socket,
      username: target.user,
      authHandler: [login],
      algorithms: algorithmsFor(pinned.type),
      hostVerifier: (blob: Buffer) => {
        shown = blob;
        return sameKey(blob, pinned.blob);
      },
      readyTimeout: Math.max(1, limits.deadlineMs), // 0 would mean: for ever.
      keepaliveInterval: limits.keepaliveMs,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
    });
    watchOpening(socket, {
      onBanner: () => (phase = 'handshake'),
      onNonsense: () => fail('unreachable', sentences.notSsh(target)),
      stillOpening: () => !settled,
    });
  });
}
