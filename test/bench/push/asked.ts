import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Asked<Task, Answer> {
  pid: number;
  ask(task: Task): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * A process that does what it is asked, one thing after the other. It runs without the source
 * condition and without tsx: what was built, as on a real machine.
 */
export function askedProcess<Task extends object, Answer>(script: URL): Asked<Task, Answer> {
  const child = fork(fileURLToPath(script), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    async ask(task) {
      const over = new AbortController(); // Else each question leaves a listener behind.
      const { signal } = over;
      const answered = Promise.race([
        once(child, 'message', { signal }) as Promise<[Answer & { error?: string }]>,
        once(child, 'exit', { signal }).then(() =>
          Promise.reject(new Error(`${script.pathname} ended`)),
        ),
      ]);
      child.send(task);
      const [answer] = await answered;
      over.abort();
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
