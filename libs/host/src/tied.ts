import { existsSync } from 'node:fs';

const SETPRIV = '/usr/bin/setpriv';

/**
 * A command line that ends (SIGTERM) when we do, even when we are killed and can tell nobody: see
 * PR_SET_PDEATHSIG in prctl(2), which Node cannot set and setpriv(1) of util-linux can. Without it
 * an rsync would go on writing to a tree whose lock has gone with us. Where there is no setpriv, the
 * command line as it is.
 */
export function tiedToUs(argv: readonly [string, ...string[]]): [string, ...string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', '--', ...argv] : [...argv];
}

/** Whether a run ended because setpriv did not find the program (127) or may not start it (126). */
export function couldNotStart(code: number | null, stderr: string): boolean {
  return (code === 126 || code === 127) && stderr.startsWith('setpriv: failed to execute ');
}
