/** What a command ends with; a contract that scripts rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2, someMirrorsFailed: 3 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown by a command that has said what it had to say, to end with a code. */
export class Exit extends Error {
  override name = 'Exit';
  constructor(readonly exitCode: ExitCode) {
    super(`exit ${exitCode}`);
  }
}

/** A mistake in how a command was called, found after its options were read. */
export class UsageError extends Error {
  override name = 'UsageError';
}
