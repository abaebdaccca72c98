import { HostError, plainEnvironment, run } from '@pushmirror/host';
import type { ArchiveSettings, HookName } from './archive-settings.ts';
import type { HookSubject, SyncVia } from './context.ts';
import type { SyncEvent } from './events.ts';

export interface HookOptions extends HookSubject {
  hook: HookName;
  archive: Pick<ArchiveSettings, 'name' | 'to' | 'hooks'>;
  /** This mirror's name. */
  mirror: string;
  via: SyncVia;
  signal: AbortSignal;
  /** Milliseconds; an hour at most and when left out. */
  deadlineMs?: number;
  onEvent: (event: SyncEvent) => void;
}

const HOOK_DEADLINE_MS = 3_600_000;

/**
 * Run the operator's program for one of ftpsync's five points, if there is one, in the archive's
 * folder. It learns what is going on from PUSHMIRROR_* in its environment (docs: operators.md).
 *
 * @returns why it failed, or undefined. In ftpsync a hook that fails ends the sync; so it does here.
 */
export async function runHook(options: HookOptions): Promise<string | undefined> {
  const { hook, archive, signal, onEvent } = options;
  const [program, ...args] = archive.hooks[hook] ?? [];
  if (program === undefined) return undefined;
  const started = performance.now();
  const reason = await runProgram([program, ...args], options).catch((error: unknown) => {
    if (error instanceof HostError) return error.message;
    throw error;
  });
  const seconds = (performance.now() - started) / 1000;
  if (reason === undefined) {
    onEvent({ type: 'hook', hook, seconds });
    return undefined;
  }
  const sentence = signal.aborted ? `${hook} was stopped.` : `${hook} failed: ${reason}`;
  onEvent({ type: 'hook', hook, seconds, reason: sentence });
  return sentence;
}

async function runProgram(
  argv: [string, ...string[]],
  options: HookOptions,
): Promise<string | undefined> {
  const result = await run({
    argv,
    cwd: options.archive.to,
    env: environmentOf(options),
    signal: options.signal,
    deadlineMs: Math.min(options.deadlineMs ?? HOOK_DEADLINE_MS, HOOK_DEADLINE_MS),
  });
  if (result.code === 0) return undefined;
  const last =
    result.stderr
      .replaceAll(/[^\P{Cc}\n]/gu, '?')
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const said = last === '' ? '' : ` It said: ${last.slice(0, 500)}`;
  if (result.timedOut) return `${argv[0]} took too long and was ended.${said}`;
  return `${argv[0]} ended with ${result.code ?? result.signal}.${said}`;
}

function environmentOf(options: HookOptions): Record<string, string> {
  const { hook, archive, mirror, via, head, upstream } = options;
  const serial = head?.head.serial ?? options.serial;
  return {
    ...plainEnvironment(),
    PUSHMIRROR_HOOK: hook,
    PUSHMIRROR_ARCHIVE: archive.name,
    PUSHMIRROR_TREE: archive.to,
    PUSHMIRROR_MIRROR: mirror,
    PUSHMIRROR_VIA: via,
    ...(serial === undefined ? {} : { PUSHMIRROR_SERIAL: String(serial) }),
    ...(upstream === undefined ? {} : { PUSHMIRROR_UPSTREAM: upstream }),
  };
}
