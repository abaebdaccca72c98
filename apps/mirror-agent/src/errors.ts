/** Why the agent cannot do what it was asked to. */
export type AgentErrorCode =
  | 'usage'
  | 'config'
  | 'already-running'
  | 'not-running'
  | 'no-answer'
  | 'stopped'
  | 'port-in-use'
  | 'state'
  | 'master';

/** The one error class of this app: one sentence that says what, where, and what to do. */
export class AgentError extends Error {
  override name = 'AgentError';
  constructor(
    readonly code: AgentErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
