/** What an agent answers to a trigger. */
export type Result = 'accepted' | 'duplicate' | 'refused' | 'busy' | 'malformed';

export interface Reply {
  result: Result;
  /** The archive the trigger was about; absent when it could not be read. */
  archive?: string;
  serial?: number;
  /** One sentence; never a raw echo of what was received. */
  reason?: string;
}

/** Exit codes of the forced command, from sysexits.h: OK, EX_DATAERR, EX_TEMPFAIL, EX_NOPERM. */
export const exitCodeOf: Record<Result, number> = {
  accepted: 0,
  duplicate: 0,
  malformed: 65,
  busy: 75,
  refused: 77,
};

const LONGEST_REPLY = 4096;

/** The one line of JSON that goes to stdout. */
export function formatReply(reply: Reply): string {
  const { result, archive, serial, reason } = reply;
  return `${JSON.stringify({ result, archive, serial, reason })}\n`;
}

/** Read an agent's answer, which comes from outside; undefined when it is not one. */
export function parseReply(line: string): Reply | undefined {
  if (line.length > LONGEST_REPLY) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { result, archive, serial, reason } = value as Record<string, unknown>;
  if (typeof result !== 'string' || !Object.hasOwn(exitCodeOf, result)) return undefined;
  return {
    result: result as Result,
    ...(typeof archive === 'string' ? { archive } : {}),
    ...(typeof serial === 'number' && Number.isSafeInteger(serial) ? { serial } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}
