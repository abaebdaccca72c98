import type { ClientChannel } from 'ssh2';
import { LARGEST_ANSWER, outcomeOfAnswer, replyIn } from './answer.ts';
import type { Connection } from './connection.ts';
import type { Outcome, PushTarget, StockLimits } from './sender.ts';
import { sentences } from './sentences.ts';
import { exitCodeOf } from '../wire/reply.ts';

/** What became of a command, and whether the connection it ran on can carry another. */
export interface Executed {
  outcome: Outcome;
  /**
   * `clean`: the answer was whole. `broken`: the connection itself failed, and a fresh one may do
   * better. `spent`: neither; do not use it again.
   */
  connection: 'clean' | 'broken' | 'spent';
}

export interface ExecLimits {
  /** What is left of the attempt's deadline, and the deadline itself, for the sentence. */
  leftMs: number;
  deadlineMs: number;
  /** The host must have started the command by then; past it the connection counts as broken. */
  startMs: number;
  signal?: AbortSignal | undefined;
  stock?: StockLimits | undefined;
}

/** Run the trigger command over a connection and read its answer. Never throws. */
export function execute(
  connection: Connection,
  target: PushTarget,
  command: string,
  limits: ExecLimits,
): Promise<Executed> {
  return new Promise((resolve) => {
    let channel: ClientChannel | undefined;
    let stdout = Buffer.alloc(0);
    let stderr = Buffer.alloc(0);
    let exitCode: number | undefined;
    let settled = false;

    const settle = (outcome: Outcome, state: Executed['connection']) => {
      if (settled) return;
      settled = true;
      forget();
      clearTimeout(start);
      clearTimeout(deadline);
      limits.signal?.removeEventListener('abort', onAbort);
      channel?.close();
      resolve({ outcome, connection: state });
    };
    const fail = (reason: string, state: Executed['connection']) =>
      settle({ kind: 'unreachable', reason }, state);
    const onAbort = () => fail(sentences.cancelled(), 'spent');
    /** The end came before the answer was whole; a reply that is here counts all the same. */
    const cutShort = (reason: string, state: Executed['connection']) => {
      const reply = replyIn(stdout.toString());
      if (reply === undefined) return fail(reason, state);
      settle({ kind: 'replied', reply, exitCode: exitCode ?? exitCodeOf[reply.result] }, 'spent');
    };
    const answer = () => ({ stdout: stdout.toString(), stderr: stderr.toString(), exitCode });
    const settleWhenWhole = () => {
      if (exitCode === undefined || replyIn(stdout.toString()) === undefined) return;
      settle(outcomeOfAnswer(target, answer()), 'clean');
    };

    const start = setTimeout(
      () => fail(sentences.noAnswer(target, limits.deadlineMs), 'broken'),
      limits.startMs,
    );
    let deadline = setTimeout(
      () => cutShort(sentences.noAnswer(target, limits.deadlineMs), 'spent'),
      limits.leftMs,
    );
    const forget = connection.onGone(() =>
      cutShort(sentences.lost(target, 'the trigger'), 'broken'),
    );
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    if (limits.signal?.aborted) return onAbort();
    if (!connection.alive()) return fail(sentences.lost(target, 'the trigger'), 'broken');

    connection.client.exec(command, (error, opened) => {
      if (error !== undefined) {
        const said = error.message;
        if (said === 'Unable to exec') {
          settle({ kind: 'rejected', reason: sentences.noCommand(target) }, 'spent');
        } else if (said.startsWith('(SSH) Channel open failure')) {
          fail(sentences.noSession(target), 'broken');
        } else fail(sentences.lost(target, 'the trigger'), 'broken');
        return;
      }
      opened.on('error', () => {}); // The connection's own end tells what is to be told.
      opened.stderr.on('error', () => {});
      if (settled) return opened.close();
      channel = opened;
      clearTimeout(start);
      if (target.kind === 'ftpsync' && limits.stock !== undefined) {
        clearTimeout(deadline);
        const { runMs, onBegun } = limits.stock;
        deadline = setTimeout(() => settle({ kind: 'running' }, 'spent'), runMs);
        onBegun();
      }
      opened.on('data', (chunk: Buffer) => {
        stdout = Buffer.concat([stdout, chunk.subarray(0, LARGEST_ANSWER + 1)]);
        if (stdout.length > LARGEST_ANSWER) {
          fail(sentences.tooMuch(target, LARGEST_ANSWER), 'spent');
        } else settleWhenWhole();
      });
      opened.stderr.on('data', (chunk: Buffer) => {
        if (stderr.length < LARGEST_ANSWER) {
          stderr = Buffer.concat([stderr, chunk.subarray(0, LARGEST_ANSWER)]);
        }
      });
      opened.on('exit', (code: number | null) => {
        exitCode = code ?? undefined;
        settleWhenWhole();
      });
      opened.on('close', () => {
        settle(outcomeOfAnswer(target, answer()), 'clean');
      });
      // Its stdin is empty. Most answers are here before this turn is over; closing says it too.
      setImmediate(() => {
        if (!settled) opened.end();
      });
    });
  });
}
