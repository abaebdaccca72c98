import { exitCodeOf, formatReply, type Reply } from '@pushmirror/trigger/wire/reply';
import { isStagedHint } from '@pushmirror/trigger/wire/staged-hint';
import type { Connection, ServerChannel, Session } from 'ssh2';

/** What one authenticated client may do with its connection. */
export interface SessionOptions {
  /** Answer one trigger. */
  receive: (command: string) => Promise<Reply>;
  /** Milliseconds for one answer. */
  answerDeadlineMs: number;
  /** Milliseconds that an open session may go without asking for anything. */
  silenceMs: number;
  /** Sessions open at once on this connection. */
  most: number;
  /** Called with each trigger, which shows that the connection is in use. */
  onUse: () => void;
}

const LONGEST_COMMAND = 4096;
/** A stage of stock runmirrors is answered when it is done. */
const STAGE_DEADLINE_MS = 6 * 3_600_000;

/**
 * Let a client run our words: one `exec` a session, answered with one line and an exit code. There
 * is no listener for shell, pty, subsystem, X11, agent or environment, and ssh2 refuses what nobody
 * listens for; the same goes for forwarding on the connection.
 */
export function serveSessions(client: Connection, options: SessionOptions): void {
  // One listener for all: a standing connection carries thousands of sessions in its life.
  const open = new Set<NodeJS.Timeout>();
  client.on('close', () => open.forEach(clearTimeout));
  client.on('session', (accept, reject) => {
    if (open.size >= options.most) return reject();
    const session = accept();
    const silence = setTimeout(() => client.end(), options.silenceMs);
    open.add(silence);
    session.on('close', () => {
      clearTimeout(silence);
      open.delete(silence);
    });
    serveExec(session, options, () => clearTimeout(silence));
  });
}

function serveExec(session: Session, options: SessionOptions, onAsked: () => void): void {
  let asked = false;
  session.on('exec', (accept, reject, { command }) => {
    if (asked) return reject?.();
    asked = true;
    onAsked();
    options.onUse();
    const channel = accept();
    channel.on('error', () => {}); // It has gone; the trigger counts all the same.
    channel.resume(); // What it sends to our stdin is of no interest.
    void answer(command, options).then((reply) => finish(channel, reply));
  });
}

async function answer(command: string, options: SessionOptions): Promise<Reply> {
  if (Buffer.byteLength(command) > LONGEST_COMMAND) {
    return { result: 'malformed', reason: 'The trigger is longer than 4 KiB.' };
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reply>((resolve) => {
    const busy: Reply = { result: 'busy', reason: 'The agent could not answer in time.' };
    const ms = isStagedHint(command) ? STAGE_DEADLINE_MS : options.answerDeadlineMs;
    timer = setTimeout(() => resolve(busy), ms);
  });
  try {
    return await Promise.race([options.receive(command), late]);
  } catch {
    return { result: 'busy', reason: 'The agent could not take the trigger. Try again later.' };
  } finally {
    clearTimeout(timer);
  }
}

function finish(channel: ServerChannel, reply: Reply): void {
  try {
    channel.write(formatReply(reply));
    channel.exit(exitCodeOf[reply.result]);
    channel.end();
  } catch {
    // The client has gone.
  }
}
