import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { plainEnvironment, run } from '@pushmirror/host';
import { MasterError } from '../errors.ts';
import type { GateQuestion } from './gate.ts';

/** Runs a gate's check; resolves with why it says no, in one sentence, or undefined for yes. */
export type RunCheck = (
  argv: readonly [string, ...string[]],
  question: GateQuestion,
  signal: AbortSignal,
) => Promise<string | undefined>;

const DEADLINE_MS = 10 * 60_000;

/**
 * Runs checks from one folder only: whoever may set a policy over the API may choose among the
 * programs that root has put there, and cannot bring one. Without a shell; what it is about is in
 * its environment.
 */
export function createRunCheck(o: {
  /** Undefined: there are no checks. */
  folder: string | undefined;
  network: string;
  deadlineMs?: number;
}): RunCheck {
  return async (argv, { release, wave, members }, signal) => {
    const [program, ...words] = argv;
    const what = `The check ${program} of the wave ${wave.name}`;
    try {
      await checkProgram(program, o.folder);
      const { code, timedOut, stdout, stderr } = await run({
        argv: [program, ...words],
        deadlineMs: o.deadlineMs ?? DEADLINE_MS,
        signal,
        cwd: '/',
        env: {
          ...plainEnvironment(),
          PUSHMIRROR_NETWORK: o.network,
          PUSHMIRROR_ARCHIVE: release.archive,
          PUSHMIRROR_SERIAL: String(release.serial),
          PUSHMIRROR_WAVE: wave.name,
          PUSHMIRROR_MIRRORS: members.map(({ mirror }) => mirror).join(' '),
        },
        keepBytes: 4096,
      });
      signal.throwIfAborted();
      if (timedOut) return `${what} has not ended in time.`;
      if (code === 0) return undefined;
      const said = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
      const how = code === null ? 'was killed' : `ended with exit code ${code}`;
      return `${what} ${how}${said === '' ? '.' : `: ${said.slice(0, 200)}`}`;
    } catch (error) {
      signal.throwIfAborted();
      return `${what} could not be run: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
}

/**
 * Whether a program may be a check.
 *
 * @throws MasterError `invalid`
 */
export async function checkProgram(program: string, folder: string | undefined): Promise<void> {
  if (folder === undefined) {
    throw new MasterError(
      'invalid',
      'Gates may run no program here: set "checks" in master.toml to the folder that has them.',
    );
  }
  const there = await realpath(program).catch(() => undefined);
  const allowed = await realpath(folder).catch(() => undefined);
  if (there === undefined || allowed === undefined || dirname(there) !== allowed) {
    throw new MasterError('invalid', `${program} is not a program in ${folder}.`);
  }
  await access(there, constants.X_OK).catch((cause: unknown) => {
    throw new MasterError('invalid', `${program} cannot be run by the master.`, { cause });
  });
}
