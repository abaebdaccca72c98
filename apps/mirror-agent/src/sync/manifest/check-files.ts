import { Worker } from 'node:worker_threads';
import { setImmediate as breathe } from 'node:timers/promises';
import { checkFile, type Expected, type Flaw } from './check-file.ts';

/** A file that is not what it has to be. */
export interface Flawed {
  expected: Expected;
  flaw: Flaw;
}

/** Up to so much is checked here; starting threads costs more than that. */
const FEW_FILES = 1_000;
const FEW_BYTES = 32 * 1024 * 1024;
const THREADS = 2;
/** A thread is given so many files at a time: what is in flight stays small. */
const FILES_A_MESSAGE = 2_000;
/** This thread also answers triggers, so that it never works longer than this at a stretch. */
const LONGEST_STRETCH_MS = 20;

/** Check files in `folder`; streamed, in threads when there is much. @returns those with flaws. */
export async function checkFiles(
  folder: string,
  expected: readonly Expected[],
  signal: AbortSignal,
): Promise<Flawed[]> {
  let bytes = 0;
  for (const { size } of expected) bytes += size;
  if (expected.length <= FEW_FILES && bytes <= FEW_BYTES)
    return checkHere(folder, expected, signal);
  return checkInThreads(folder, expected, signal);
}

async function checkHere(
  folder: string,
  expected: readonly Expected[],
  signal: AbortSignal,
): Promise<Flawed[]> {
  const flawed: Flawed[] = [];
  let stretch = performance.now();
  for (const one of expected) {
    if (performance.now() - stretch > LONGEST_STRETCH_MS) {
      await breathe();
      signal.throwIfAborted();
      stretch = performance.now();
    }
    const flaw = await checkFile(folder, one);
    if (flaw !== undefined) flawed.push({ expected: one, flaw });
  }
  return flawed;
}

/** What a thread is asked, and what it answers: the flaws by their place in the question. */
export interface CheckRequest {
  folder: string;
  expected: readonly Expected[];
}
export type CheckReply = { at: number; flaw: Flaw }[];

async function checkInThreads(
  folder: string,
  expected: readonly Expected[],
  signal: AbortSignal,
): Promise<Flawed[]> {
  const flawed: Flawed[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const thread = startThread();
    try {
      while (next < expected.length) {
        const part = expected.slice(next, next + FILES_A_MESSAGE);
        next += part.length;
        const reply = await ask(thread, { folder, expected: part }, signal);
        for (const { at, flaw } of reply) {
          const one = part[at];
          if (one !== undefined) flawed.push({ expected: one, flaw });
        }
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: THREADS }, work));
  return flawed;
}

function ask(thread: Worker, request: CheckRequest, signal: AbortSignal): Promise<CheckReply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      // Not all listeners: Node has some of its own there, and hears nothing more without them.
      signal.removeEventListener('abort', onAbort);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onAbort = () => settle(() => reject(signal.reason as Error));
    const onMessage = (reply: CheckReply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = () => settle(() => reject(new Error('A thread that checks files ended.')));
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    return thread.postMessage(request);
  });
}

/** Run from the source, as tests are, a thread has to be told to read TypeScript. */
function startThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./check-thread.js', import.meta.url));
  }
  const tsx = import.meta.resolve('tsx/esm/api');
  const file = new URL('./check-thread.ts', import.meta.url).href;
  const script = `import('${tsx}').then((tsx) => { tsx.register(); return import('${file}'); })`;
  return new Worker(script, { eval: true });
}
