/** What an end of rsync means for the sync. */
export interface Meaning {
  verdict: 'ok' | 'retry' | 'fail';
  /** What happened, as the end of "rsync ended with code N: ". */
  sentence: string;
}

/**
 * rsync's exit codes (rsync(1), EXIT VALUES; errcode.h). `retry`: the same call may well do better
 * later. `fail`: not before a person has done something.
 */
const meanings: Record<number, Meaning> = {
  0: { verdict: 'ok', sentence: 'all went well.' },
  1: {
    verdict: 'fail',
    sentence:
      'it did not take its arguments. Check the filters and password_file of the archive, and the version of rsync.',
  },
  2: { verdict: 'fail', sentence: 'the two rsyncs have no protocol in common. Update the older.' },
  3: {
    verdict: 'fail',
    sentence:
      'a folder or file could not be used. Check that the folder exists and may be written.',
  },
  4: { verdict: 'fail', sentence: 'the upstream does not support what was asked for.' },
  5: {
    verdict: 'retry',
    sentence:
      'the upstream refused to start: a module that does not exist, a host or user that is not allowed, or too many connections.',
  },
  6: { verdict: 'fail', sentence: 'it could not write its log file.' },
  10: { verdict: 'retry', sentence: 'the connection could not be opened, or it broke.' },
  11: {
    verdict: 'retry',
    sentence: 'a file could not be read or written. Check the disk: space, quota, health.',
  },
  12: { verdict: 'retry', sentence: 'the connection broke in mid-transfer.' },
  13: { verdict: 'retry', sentence: 'it could not report its own errors.' },
  14: { verdict: 'retry', sentence: 'its processes could not talk to each other.' },
  15: { verdict: 'retry', sentence: 'one of its processes crashed.' },
  16: { verdict: 'retry', sentence: 'one of its processes was killed.' },
  19: { verdict: 'retry', sentence: 'it was told to end (SIGUSR1).' },
  20: { verdict: 'retry', sentence: 'it was told to end (SIGINT, SIGTERM or SIGHUP).' },
  21: { verdict: 'retry', sentence: 'it lost one of its processes.' },
  22: { verdict: 'retry', sentence: 'there was not enough memory.' },
  23: { verdict: 'retry', sentence: 'some files could not be transferred.' },
  24: { verdict: 'ok', sentence: 'some files vanished at the upstream meanwhile.' },
  25: {
    verdict: 'fail',
    sentence:
      'the upstream dropped more files than max_delete allows, so that deleting was stopped. Look at the upstream; if all is well there, raise max_delete.',
  },
  30: { verdict: 'retry', sentence: 'the upstream sent nothing for too long.' },
  35: { verdict: 'retry', sentence: 'the upstream did not answer the connection in time.' },
  124: { verdict: 'fail', sentence: 'the command on the other side could not be run.' },
  125: { verdict: 'retry', sentence: 'the command on the other side was killed.' },
  126: { verdict: 'fail', sentence: 'rsync may not be run. Check its mode.' },
  127: { verdict: 'fail', sentence: 'rsync was not found. Install it.' },
};

/** What rsync's exit code means; `null` is an end by a signal. */
export function meaningOf(code: number | null): Meaning {
  if (code === null) return { verdict: 'retry', sentence: 'it was killed by a signal.' };
  return meanings[code] ?? { verdict: 'retry', sentence: 'a code that rsync(1) does not list.' };
}
