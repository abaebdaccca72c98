import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { errnoOf, whyOf } from '@pushmirror/host';
import type { ControlRequest } from './control-protocol.ts';
import { AgentError } from './errors.ts';

/**
 * Ask the running daemon. Gives the parsed lines of its answer one by one.
 *
 * @param silenceMs the longest time between two lines.
 * @throws AgentError `not-running` when no daemon listens, `no-answer` when it falls silent or says
 * that it could not do what was asked.
 */
export async function* askDaemon(
  path: string,
  request: ControlRequest,
  silenceMs: number,
): AsyncGenerator<object> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) => reject(notRunning(path, cause)));
    });
    socket.setTimeout(silenceMs, () => socket.destroy(new Error('timeout')));
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null) throw new Error('not an object');
      if ('error' in value) throw new AgentError('no-answer', String(value.error));
      yield value;
    }
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw new AgentError('no-answer', 'The agent did not answer. Look at its log.', { cause });
  } finally {
    socket.destroy();
  }
}

function notRunning(path: string, cause: Error): AgentError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    const message = 'The agent is not running. Start it with: mirror-agent serve';
    return new AgentError('not-running', message, { cause });
  }
  const hint = errno === 'EACCES' ? ' Run this as the user that the agent runs as.' : '';
  return new AgentError('no-answer', `${path} cannot be used (${whyOf(cause)}).${hint}`, { cause });
}
