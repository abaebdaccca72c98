import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { exitCodeOf, formatReply, parseReply, type Reply } from '@pushmirror/trigger/wire/reply';
import { isStagedHint } from '@pushmirror/trigger/wire/staged-hint';

/**
 * The forced command of the system's sshd, `mirror-agent receive`: hand what came over SSH to the
 * daemon, print its answer, end with the answer's exit code. sshd starts a new process for each
 * trigger, so this file imports next to nothing; what is needed when the daemon is down is loaded
 * then.
 */
export interface ForcedCommand {
  /** Path of the configuration file. */
  config: string;
  /** The peer that the authorized_keys line belongs to: sshd has checked its key. */
  peer: string;
  /** What the client asked to run; undefined when it asked for a shell. */
  command: string | undefined;
  /** The client's address. */
  from: string | undefined;
}

/** The cap on a trigger, in bytes. */
const LONGEST_COMMAND = 4096;
/** How long the daemon may take. A trigger never waits for rsync, so this is long. */
const DAEMON_DEADLINE_MS = 10_000;
/** A stage of stock runmirrors is answered when it is done. */
const STAGE_DEADLINE_MS = 6 * 3_600_000;

/** What sshd says about the connection, in the environment (sshd(8)). */
export function fromEnvironment(): Pick<ForcedCommand, 'command' | 'from'> {
  return {
    command: process.env['SSH_ORIGINAL_COMMAND'],
    from: process.env['SSH_CONNECTION']?.split(' ')[0],
  };
}

/** Answer one trigger; `line` goes to stdout. */
export async function receiveForced(
  asked: ForcedCommand,
  deadlineMs = isStagedHint(asked.command ?? '') ? STAGE_DEADLINE_MS : DAEMON_DEADLINE_MS,
): Promise<{ line: string; exitCode: number }> {
  const reply = await answer(asked, deadlineMs);
  return { line: formatReply(reply), exitCode: exitCodeOf[reply.result] };
}

async function answer(asked: ForcedCommand, deadlineMs: number): Promise<Reply> {
  if (asked.command === undefined) {
    return { result: 'malformed', reason: 'This key takes a trigger, and none was sent.' };
  }
  if (Buffer.byteLength(asked.command) > LONGEST_COMMAND) {
    return { result: 'malformed', reason: 'The trigger is longer than 4 KiB.' };
  }
  const state = guessState(asked.config);
  const first = state === undefined ? 'down' : await askDaemon(state, asked, deadlineMs);
  if (first !== 'down') return first;
  try {
    return await withoutDaemon(asked, asked.command, state, deadlineMs);
  } catch (error) {
    complain(asked, error instanceof Error ? error.message : String(error));
    return { result: 'busy', reason: 'This mirror cannot take triggers now. Ask its operator.' };
  }
}

/** What was guessed proves wrong, or no daemon runs: read the configuration properly. */
async function withoutDaemon(
  asked: ForcedCommand,
  command: string,
  guessed: string | undefined,
  deadlineMs: number,
): Promise<Reply> {
  const { loadSettings } = await import('../settings.ts');
  const settings = loadSettings(asked.config);
  if (settings.config.state !== guessed) {
    const second = await askDaemon(settings.config.state, asked, deadlineMs);
    if (second !== 'down') return second;
  }
  const { receiveOffline } = await import('../receive-offline.ts');
  const peer = { mirror: asked.peer, from: asked.from };
  return receiveOffline(settings, command, peer, (problem) => complain(asked, problem));
}

/** Our own faults are for the operator who tries this by hand: over SSH, stderr is the client's. */
function complain(asked: ForcedCommand, problem: string): void {
  if (asked.from === undefined) process.stderr.write(`mirror-agent: ${problem}\n`);
}

/**
 * The state folder, read off the configuration without parsing TOML, which would take longer than
 * all the rest. A wrong guess does no harm: no daemon answers there, and the file is read properly.
 */
function guessState(config: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(config, 'utf8');
  } catch {
    return undefined; // Reading it properly will say why.
  }
  const top = text.split(/^\s*\[/m, 1)[0] ?? '';
  const [, basic, literal] = /^state\s*=\s*(?:"([^"\\\n]+)"|'([^'\n]+)')/m.exec(top) ?? [];
  return (basic ?? literal)?.replace(/\/+$/, '');
}

/** Ask the daemon; `down` when none listens. A daemon that does not answer in time is busy. */
function askDaemon(
  state: string,
  asked: ForcedCommand,
  deadlineMs: number,
): Promise<Reply | 'down'> {
  return new Promise((resolve) => {
    const socket = connect(join(state, 'agent.sock'));
    let connected = false;
    let received = '';
    const end = (result: Reply | 'down') => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(result);
    };
    const busy = (): Reply => ({ result: 'busy', reason: 'The agent did not answer in time.' });
    const deadline = setTimeout(() => end(busy()), deadlineMs);
    socket.on('error', () => end(connected ? busy() : 'down'));
    socket.on('close', () => end(connected ? busy() : 'down'));
    socket.on('connect', () => {
      connected = true;
      const peer = { mirror: asked.peer, from: asked.from };
      socket.write(`${JSON.stringify({ op: 'trigger', command: asked.command, peer })}\n`);
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8');
      if (received.length > 64 * 1024) return end(busy());
      const newline = received.indexOf('\n');
      if (newline >= 0) end(parseReply(received.slice(0, newline)) ?? busy());
    });
  });
}
