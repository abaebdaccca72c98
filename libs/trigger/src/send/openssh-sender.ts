import { HostError, readSecret, run } from '@pushmirror/host';
import { createAttempts } from './attempts.ts';
import { checkTarget } from './check-target.ts';
import { LARGEST_ANSWER, outcomeOfAnswer, replyIn } from './answer.ts';
import { writeKnownHosts } from './known-hosts.ts';
import { outcomeOfSshFailure } from './openssh-words.ts';
import type { Outcome, PushTarget, Sender, SendLimits } from './sender.ts';
import { sentences } from './sentences.ts';

export interface OpensshSenderOptions {
  /** The private key that mirrors know us by; a certificate beside it (`-cert.pub`) is used too. */
  privateKeyPath: string;
  /** A folder for the known-hosts files; made when missing. */
  stateDir: string;
}

/** What ssh itself exits with when it, and not the command, failed (ssh(1), "EXIT STATUS"). */
const SSH_FAILED = 255;

/**
 * Sends triggers with the system's `ssh`, one process each: for sites that need what ssh2 lacks
 * (post-quantum key exchange, certificates). It reads no configuration, asks nobody, and knows one
 * host key. Slower than ssh2 by far, and without standing connections.
 *
 * @throws HostError when the private key is missing or readable by others.
 */
export function createOpensshSender(options: OpensshSenderOptions): Sender {
  readSecret(options.privateKeyPath).fill(0); // ssh reads it; here only: is it fit for use?
  const attempts = createAttempts();

  async function send(target: PushTarget, command: string, limits: SendLimits): Promise<Outcome> {
    const pinned = checkTarget(target);
    if (typeof pinned === 'string') return { kind: 'rejected', reason: pinned };
    if (!/^[\x20-\x7e]+$/.test(command)) {
      const reason = sentences.badTarget(target, 'the trigger is not plain text');
      return { kind: 'rejected', reason };
    }
    try {
      const knownHostsFile = await writeKnownHosts(options.stateDir, target);
      const argv = argvFor(target, command, knownHostsFile, limits.deadlineMs);
      return await attempts.run(limits.signal, (attempt) =>
        target.kind === 'ftpsync' && limits.stock !== undefined
          ? runStock(target, argv, limits, attempt)
          : runSsh(target, argv, limits.deadlineMs, attempt),
      );
    } catch (error) {
      return outcomeOfThrown(target, error);
    }
  }

  /** ssh does not say when the command has begun: it has when there was time to fail before. */
  async function runStock(
    target: PushTarget,
    argv: [string, ...string[]],
    { deadlineMs, stock }: SendLimits,
    attempt: AbortController,
  ): Promise<Outcome> {
    let begun = false;
    const timer = setTimeout(() => {
      begun = true;
      stock?.onBegun();
    }, deadlineMs);
    try {
      const runMs = stock?.runMs ?? 0;
      return await runSsh(target, argv, deadlineMs + runMs, attempt, () => begun);
    } finally {
      clearTimeout(timer);
    }
  }

  async function runSsh(
    target: PushTarget,
    argv: [string, ...string[]],
    deadlineMs: number,
    attempt: AbortController,
    isRunning = () => false,
  ): Promise<Outcome> {
    let bytes = 0;
    const result = await run({
      argv,
      cwd: options.stateDir,
      deadlineMs,
      signal: attempt.signal,
      keepBytes: 2 * LARGEST_ANSWER,
      onStdout(chunk) {
        bytes += chunk.length;
        if (bytes > LARGEST_ANSWER) attempt.abort();
      },
    });
    const unreachable = (reason: string) => ({ kind: 'unreachable', reason }) as const;
    if (bytes > LARGEST_ANSWER) return unreachable(sentences.tooMuch(target, LARGEST_ANSWER));
    if (result.aborted) return unreachable(sentences.cancelled());
    if (result.timedOut && isRunning()) return { kind: 'running' };
    if (result.timedOut) return unreachable(sentences.stalled(target, deadlineMs));
    const failed = result.code === SSH_FAILED && replyIn(result.stdout) === undefined;
    if (failed) return outcomeOfSshFailure(target, result.stderr, connectSeconds(deadlineMs));
    return outcomeOfAnswer(target, { ...result, exitCode: result.code ?? undefined });
  }

  function argvFor(
    target: PushTarget,
    command: string,
    knownHostsFile: string,
    deadlineMs: number,
  ): [string, ...string[]] {
    const settings = {
      ...always,
      ConnectTimeout: String(connectSeconds(deadlineMs)),
      IdentityFile: sshPath(options.privateKeyPath),
      UserKnownHostsFile: `./${knownHostsFile}`, // In the folder where ssh runs.
    };
    const asArguments = Object.entries(settings).flatMap(([name, value]) => [
      '-o',
      `${name}=${value}`,
    ]);
    return [
      'ssh',
      '-Fnone',
      '-n',
      '-T',
      ...asArguments,
      `-p${target.port}`,
      `-l${target.user}`,
      '--',
      target.host,
      command,
    ];
  }

  return {
    send,
    close: () => attempts.close(),
  };
}

const always = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  GlobalKnownHostsFile: 'none',
  KnownHostsCommand: 'none',
  VerifyHostKeyDNS: 'no',
  UpdateHostKeys: 'no',
  CheckHostIP: 'no',
  IdentitiesOnly: 'yes',
  IdentityAgent: 'none',
  PreferredAuthentications: 'publickey',
  ClearAllForwardings: 'yes',
  ForwardAgent: 'no',
  ControlMaster: 'no',
  ControlPath: 'none',
  ProxyCommand: 'none',
  PermitLocalCommand: 'no',
  ConnectionAttempts: '1',
  ServerAliveInterval: '30',
  ServerAliveCountMax: '3',
  EscapeChar: 'none',
  LogLevel: 'ERROR',
} as const;

/**
 * ssh's own limit on the connection and the banner: half of the deadline, in whole seconds, so
 * that a host that is down is told apart from one that is slow to answer.
 */
function connectSeconds(deadlineMs: number): number {
  return Math.max(1, Math.floor(deadlineMs / 2_000));
}

/** A path as ssh_config takes it: `%` begins a token, and quotes keep spaces together. */
function sshPath(path: string): string {
  return `"${path.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}"`;
}

function outcomeOfThrown(target: PushTarget, error: unknown): Outcome {
  if (error instanceof HostError) return { kind: 'unreachable', reason: error.message };
  return { kind: 'unreachable', reason: sentences.otherwise(target, String(error)) };
}
