import { isIPv6 } from 'node:net';
import type { PushTarget } from './sender.ts';

/** `host:port`, with brackets around an IPv6 address: also the form that known_hosts uses. */
export function addressOf(target: PushTarget): string {
  return `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`;
}

/**
 * Every sentence that a sender says about an attempt that came to nothing: one for each way to be
 * dead, so that the page can tell an operator what to look at. Nothing here echoes the other side,
 * apart from fingerprints, error names and what `printable` has cleaned.
 */
export const sentences = {
  refused: (target: PushTarget) =>
    `${addressOf(target)} refused the connection; is its SSH server running?`,
  noAddress: (target: PushTarget, errno: string) =>
    `The name ${target.host} has no address (${errno}).`,
  noRoute: (target: PushTarget, errno: string) =>
    `There is no route to ${addressOf(target)} (${errno}).`,
  blackHoled: (target: PushTarget, ms: number) =>
    `${addressOf(target)} did not answer the connection attempt within ${seconds(ms)}.`,
  silent: (target: PushTarget, ms: number) =>
    `${addressOf(target)} accepted the connection but sent no SSH banner within ${seconds(ms)}.`,
  notSsh: (target: PushTarget) => `${addressOf(target)} answered with something that is not SSH.`,
  damaged: (target: PushTarget, during: string) =>
    `${addressOf(target)} sent damaged SSH packets during ${during}.`,
  slowHandshake: (target: PushTarget, ms: number) =>
    `${addressOf(target)} did not finish the SSH handshake within ${seconds(ms)}.`,
  slowLogin: (target: PushTarget, ms: number) =>
    `${addressOf(target)} did not answer the login of ${target.user} within ${seconds(ms)}.`,
  stalled: (target: PushTarget, ms: number) =>
    `${addressOf(target)} accepted the connection but stalled, in the handshake or after it, ` +
    `for ${seconds(ms)}.`,
  noAnswer: (target: PushTarget, ms: number) =>
    `${addressOf(target)} let us in but did not answer the trigger within ${seconds(ms)}.`,
  lost: (target: PushTarget, during: string, errno?: string) =>
    `${addressOf(target)} closed the connection during ${during}${errno === undefined ? '' : ` (${errno})`}.`,
  noReply: (target: PushTarget, exitCode: number | undefined, said: string) =>
    `${addressOf(target)} answered with something that is no reply (${
      exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`
    }${said === '' ? '' : `: "${said}"`}); is mirror-agent its forced command?`,
  tooMuch: (target: PushTarget, bytes: number) =>
    `${addressOf(target)} answered with more than ${bytes} bytes, which is no reply.`,
  hostKeyChanged: (target: PushTarget, expected: string, received: string | undefined) =>
    `${addressOf(target)} showed the host key ${received ?? '(unknown)'}, but ${expected} is ` +
    `pinned; if the change is real, confirm the new key for ${target.mirror}.`,
  notLetIn: (target: PushTarget) =>
    `${addressOf(target)} refused our key for the user ${target.user}; is it in authorized_keys?`,
  noCommonAlgorithms: (target: PushTarget) =>
    `${addressOf(target)} offers no SSH algorithms that we accept; its SSH software is too old.`,
  noCommand: (target: PushTarget) =>
    `${addressOf(target)} let us in but would not run the trigger command.`,
  noSession: (target: PushTarget) => `${addressOf(target)} let us in but opened no session.`,
  otherwise: (target: PushTarget, what: string) => `${addressOf(target)} failed: ${what}.`,
  badTarget: (target: PushTarget, what: string) =>
    `${target.mirror} cannot be pushed: ${what}. Correct its registration.`,
  cancelled: () => 'The attempt was cancelled.',
} as const;

/** What the other side said, as text that is safe to store and to show: ASCII, one short line. */
export function printable(text: string, longest = 160): string {
  const clean = text
    .slice(0, 8_192)
    .replace(/[^\x21-\x7e]+/g, ' ')
    .replaceAll('"', "'")
    .trim();
  return clean.length > longest ? `${clean.slice(0, longest - 3)}...` : clean;
}

function seconds(ms: number): string {
  return `${ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}

/** Whether an attempt's reason is that the host showed another key than the pinned one. */
export function isHostKeyChange(reason: string): boolean {
  return / showed the host key \S+, but \S+ is pinned; /.test(reason);
}
