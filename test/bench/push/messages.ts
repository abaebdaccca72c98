import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PushTarget } from '@pushmirror/trigger';

/** What the parts of the push benchmarks say to each other: each part is a process of its own. */
export interface ToServer {
  ask: 'expect';
  count: number;
}

export type FromServer =
  | { say: 'ready'; port: number; hostKey: string; deadPorts: Record<string, number> }
  | { say: 'all-received'; at: number };

export interface PushRun {
  ask: 'push';
  targets: PushTarget[];
  /** Wait only for these; the others are broken off then. All, when left out. */
  waitFor?: string[];
}

export type ToPusher = PushRun | { ask: 'stand'; targets: PushTarget[] } | { ask: 'memory' };

export type FromPusher =
  | { say: 'ready' }
  | { say: 'standing'; seconds: number }
  | { say: 'memory'; bytes: number }
  | {
      say: 'pushed';
      /** When the pushing began, and when the last of those waited for was accepted; epoch, ms. */
      startedAt: number;
      finishedAt: number;
      /** User and system time of the pushing process, in milliseconds. */
      cpuMs: number;
      /** Milliseconds from the start to the acceptance of each that was waited for. */
      acceptedAfter: number[];
      /** Pushes by the last state written. */
      states: Record<string, number>;
    };

/** A part of a benchmark, in its own process. */
export interface Part<To, From> {
  tell(message: To): void;
  /** The next message of this kind; fails when the process ends instead. */
  next<Say extends (From extends { say: infer S } ? S : never)>(
    say: Say,
  ): Promise<Extract<From, { say: Say }>>;
  stop(): Promise<void>;
}

export function startPart<To, From extends { say: string }>(
  file: string,
  args: string[],
): Part<To, From> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child: ChildProcess = fork(path, args, { execArgv: [...process.execArgv, '--expose-gc'] });
  const ended = once(child, 'exit');
  return {
    tell: (message) => void child.send(message as object),
    next: (say) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error(`${file} ended before it said "${say}".`));
        const onMessage = (message: unknown) => {
          const heard = message as From;
          if (heard.say !== say) return;
          child.off('message', onMessage);
          child.off('exit', onExit);
          resolve(heard as never);
        };
        child.on('message', onMessage);
        child.on('exit', onExit);
      }),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
