import { AclError } from '@pushmirror/acl';
import { ConfigError } from '@pushmirror/config';
import { HostError } from '@pushmirror/host';
import { TriggerError } from '@pushmirror/trigger/errors';
import { asActionable } from '../db/actionable.ts';
import { MasterError } from '../errors.ts';
import { RefusedError } from './client.ts';
import { EXIT, Exit, UsageError, type ExitCode } from './exit.ts';
import { printable } from './output.ts';

/** How a command ends after an error: its exit code, and what to say on stderr. */
export function endingOf(thrown: unknown): { exitCode: ExitCode; message?: string } {
  if (thrown instanceof Exit) return { exitCode: thrown.exitCode };
  const error = asActionable(thrown) ?? thrown;
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: error.message };
  if (isOurs(error)) return { exitCode: EXIT.failed, message: plainLines(error.message) };
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.failed, message: `Something unforeseen went wrong:\n${what}` };
}

/** Errors whose message is a sentence for people. */
function isOurs(error: unknown): error is Error {
  return [MasterError, RefusedError, ConfigError, HostError, AclError, TriggerError].some(
    (kind) => error instanceof kind,
  );
}

/** A configuration error has one problem a line. */
function plainLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
