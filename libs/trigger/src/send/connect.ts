import { connect as openSocket, type Socket } from 'node:net';
import { AclError, fingerprint, isHost, isUser, parsePublicKey, sameKey } from '@pushmirror/acl';
import type { PublicKey } from '@pushmirror/acl';
import { errnoOf } from '@pushmirror/host';
import ssh2 from 'ssh2';
import type { Client, ParsedKey, PublicKeyAuthMethod } from 'ssh2';
import { algorithmsFor } from './algorithms.ts';
import type { Outcome, PushTarget } from './sender.ts';
import { sentences } from './sentences.ts';

/** An authenticated connection. The host has shown the pinned key. */
export interface Connection {
  client: Client;
  /** False from the moment it is known to be of no use. */
  alive(): boolean;
  /** Say goodbye and let go; the socket is gone even if the other side never answers. */
  close(): void;
  /** Called once, when it is gone; returns how to be told no more. */
  onGone(listener: () => void): () => void;
}

export type Connected =
  | { ok: true; connection: Connection }
  | { ok: false; outcome: Extract<Outcome, { kind: 'unreachable' | 'rejected' }> };

export interface ConnectLimits {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  keepaliveMs: number;
}

type Phase = 'connection' | 'greeting' | 'handshake' | 'login';

const LONGEST_GREETING = 8 * 1024;
const LONGEST_HANDSHAKE = 256 * 1024;
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
    const reason = sentences.badTarget(target, pinned);
    return Promise.resolve({ ok: false, outcome: { kind: 'rejected', reason } });
  }
  if (limits.signal?.aborted || limits.deadlineMs <= 0) {
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
      readyTimeout: limits.deadlineMs,
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

/** The pinned key, or what is wrong with the target. Checked here too: this is the last gate. */
function checkTarget(target: PushTarget): PublicKey | string {
  if (!isHost(target.host)) return 'its host is not a host name or address';
  if (!isUser(target.user)) return 'its user is not a user name';
  try {
    return parsePublicKey(target.hostKey);
  } catch (error) {
    if (error instanceof AclError) return `its pinned host key cannot be used (${error.message})`;
    throw error;
  }
}

/**
 * Look at what comes before the login, beside ssh2: it keeps up to 8 MB of greeting lines and reads
 * them again with every packet, which a hostile host could use to keep us busy.
 */
function watchOpening(
  socket: Socket,
  on: { onBanner: () => void; onNonsense: () => void; stillOpening: () => boolean },
): void {
  let greeting: string | undefined = '';
  const onData = (chunk: Buffer) => {
    if (!on.stillOpening()) return void socket.off('data', onData);
    if (greeting !== undefined) {
      greeting += chunk.subarray(0, LONGEST_GREETING).toString('latin1');
      if (/^SSH-/m.test(greeting)) {
        greeting = undefined;
        on.onBanner();
      } else if (greeting.length >= LONGEST_GREETING) on.onNonsense();
    }
    if (socket.bytesRead > LONGEST_HANDSHAKE) on.onNonsense();
  };
  // ssh2 has paused the socket until it is connected, so that this misses nothing.
  socket.prependListener('data', onData);
  socket.prependOnceListener('end', () => {
    if (greeting !== undefined && greeting !== '' && on.stillOpening()) on.onNonsense();
  });
}

function outcomeOfError(
  target: PushTarget,
  error: Error & { level?: string },
  phase: Phase,
  deadlineMs: number,
): Extract<Outcome, { kind: 'unreachable' | 'rejected' }> {
  const unreachable = (reason: string) => ({ kind: 'unreachable', reason }) as const;
  const rejected = (reason: string) => ({ kind: 'rejected', reason }) as const;
  switch (error.level) {
    case 'client-timeout':
      return unreachable(sentenceOfTimeout[phase](target, deadlineMs));
    case 'client-authentication':
      return rejected(sentences.notLetIn(target));
    case 'client-socket':
      return unreachable(sentenceOfErrno(target, errnoOf(error), phase, deadlineMs));
    case 'handshake':
      if (error.message.includes('no matching')) {
        return rejected(sentences.noCommonAlgorithms(target));
      }
      return unreachable(sentences.damaged(target, 'the handshake'));
    default:
      if (hungUp(error)) return unreachable(sentences.lost(target, `the ${phase}`));
      if (phase === 'greeting') return unreachable(sentences.notSsh(target));
      return unreachable(sentences.damaged(target, `the ${phase}`));
  }
}

/** The other side ended it: without a word, or with SSH's own (which has a number as its code). */
function hungUp(error: Error & { code?: unknown }): boolean {
  return typeof error.code === 'number' || error.message.startsWith('Connection lost');
}

const sentenceOfTimeout: Record<Phase, (target: PushTarget, ms: number) => string> = {
  connection: sentences.blackHoled,
  greeting: sentences.silent,
  handshake: sentences.slowHandshake,
  login: sentences.slowLogin,
};

function sentenceOfErrno(
  target: PushTarget,
  errno: string | undefined,
  phase: Phase,
  deadlineMs: number,
): string {
  switch (errno) {
    case 'ECONNREFUSED':
      return sentences.refused(target);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return sentences.noAddress(target, errno);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return sentences.noRoute(target, errno);
    case 'ETIMEDOUT':
      return sentences.blackHoled(target, deadlineMs);
    default:
      return sentences.lost(target, `the ${phase}`, errno);
  }
}

function connectionOf(client: Client, socket: Socket): Connection {
  let gone = false;
  const listeners = new Set<() => void>();
  const go = () => {
    if (gone) return;
    gone = true;
    socket.destroy();
    for (const listener of listeners) listener();
  };
  client.on('error', go);
  client.on('end', go);
  client.on('close', go);
  return {
    client,
    alive: () => !gone && socket.writable,
    close() {
      if (!gone) client.end();
      socket.destroySoon();
    },
    onGone(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
