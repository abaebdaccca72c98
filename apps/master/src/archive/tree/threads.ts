import { Worker } from 'node:worker_threads';

/**
 * Threads that run one file of this folder. One that has done its work is kept for a while: publishes
 * often follow one another, and to start threads costs more than to publish a small tree again.
 */
export class Threads {
  readonly #idle: Worker[] = [];
  #end: NodeJS.Timeout | undefined;

  /** `name`: of the file, without its suffix. `most`: so many are kept. */
  constructor(
    readonly name: string,
    readonly most: number,
  ) {}

  take(): Worker {
    const thread = this.#idle.pop() ?? this.#start();
    thread.ref();
    return thread;
  }

  /** It has done what it was asked, and nobody listens to it any more. */
  keep(thread: Worker): void {
    if (this.#idle.length >= this.most) {
      void thread.terminate();
      return;
    }
    thread.unref();
    this.#idle.push(thread);
    this.#end ??= setTimeout(() => this.#endAll(), KEPT_MS).unref();
    this.#end.refresh();
  }

  #endAll(): void {
    this.#end = undefined;
    for (const thread of this.#idle.splice(0)) void thread.terminate();
  }

  #start(): Worker {
    const thread = startThread(this.name);
    thread.on('error', () => {}); // One that is kept has nobody else to hear it.
    thread.on('exit', () => {
      const at = this.#idle.indexOf(thread);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return thread;
  }
}

const KEPT_MS = 10 * 60_000;

/**
 * Run from the source, as tests are, a thread has to be told to read TypeScript: tsx does not reach
 * into it by itself.
 */
function startThread(name: string): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, import.meta.url));
  const tsx = import.meta.resolve('tsx/esm/api');
  const file = new URL(`./${name}.ts`, import.meta.url).href;
  const script = `import('${tsx}').then((tsx) => { tsx.register(); return import('${file}'); })`;
  return new Worker(script, { eval: true });
}
