import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import type { Failure } from './connect-failure.ts';
import type { PushTarget } from './sender.ts';
import { printable, sentences } from './sentences.ts';

/**
 * What ssh's own words mean when it exits with 255. It has no codes; these are the sentences of
 * OpenSSH 9.2's clientloop.c, sshconnect.c and sshconnect2.c, which have been the same for years.
 */
export function outcomeOfSshFailure(
  target: PushTarget,
  stderr: string,
  connectSeconds: number,
): Failure {
  for (const [words, outcome] of table) {
    if (words.test(stderr)) return outcome(target, stderr, connectSeconds * 1_000);
  }
  const last = printable(stderr.trim().split('\n').at(-1) ?? '');
  return unreachable(sentences.otherwise(target, last === '' ? 'ssh gave no reason' : last));
}

/** The first that fits counts: what ssh says of the host key comes before what follows from it. */
const table: [RegExp, (target: PushTarget, stderr: string, connectMs: number) => Failure][] = [
  [
    /Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for/,
    (target, stderr) => {
      const expected = fingerprint(parsePublicKey(target.hostKey).blob);
      const received = /^(SHA256:[A-Za-z0-9+/]{43})\.?$/m.exec(stderr)?.[1];
      return rejected(sentences.hostKeyChanged(target, expected, received));
    },
  ],
  [/Permission denied \(/, (target) => rejected(sentences.notLetIn(target))],
  [/Unable to negotiate/, (target) => rejected(sentences.noCommonAlgorithms(target))],
  [/Connection refused/, (target) => unreachable(sentences.refused(target))],
  [/Could not resolve hostname/, (target) => unreachable(sentences.noAddress(target, 'not found'))],
  [/No route to host/, (target) => unreachable(sentences.noRoute(target, 'EHOSTUNREACH'))],
  [/Network is unreachable/, (target) => unreachable(sentences.noRoute(target, 'ENETUNREACH'))],
  [
    /timed out during banner exchange/,
    (target, _, connectMs) => unreachable(sentences.silent(target, connectMs)),
  ],
  [
    /connect to (host|address) .*(timed out|Operation now in progress)/,
    (target, _, connectMs) => unreachable(sentences.blackHoled(target, connectMs)),
  ],
  [
    /banner line contains invalid|Bad packet length|padding error|kex_exchange_identification: banner/,
    (target) => unreachable(sentences.notSsh(target)),
  ],
  [/exec request failed|shell request failed/, (target) => rejected(sentences.noCommand(target))],
  [
    /kex_exchange_identification: |Connection (closed|reset) by/,
    (target) => unreachable(sentences.lost(target, 'the handshake')),
  ],
];

function unreachable(reason: string): Failure {
  return { kind: 'unreachable', reason };
}

function rejected(reason: string): Failure {
  return { kind: 'rejected', reason };
}
