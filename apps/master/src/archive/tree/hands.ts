import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import {
  errorReceived,
  type HandReply,
  type HandRequest,
  type HandSetup,
  type HashReply,
  type HashRequest,
  type ScanReply,
  type ScanRequest,
} from './hand-words.ts';
import { startThread } from './start-thread.ts';

/** Threads that look at folders and hash files: one for each core, one request at a time each. */
export class Hands {
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];
  #broken: Error | undefined;
  #closing = false;
  /** Told of bytes while files are hashed. */
  onRead: (bytes: number) => void = () => {};

  constructor(
    setup: HandSetup,
    readonly count = Math.min(availableParallelism(), MOST_HANDS),
  ) {
    for (let i = 0; i < count; i++) {
      const worker = startThread('hand-thread', setup);
      worker.on('error', (error) => this.#break(error));
      worker.on('exit', () => this.#break(new Error('A thread that reads the archive has ended.')));
      this.#all.push(worker);
      this.#idle.push(worker);
    }
  }

  scan(request: ScanRequest): Promise<ScanReply> {
    return this.#ask(request) as Promise<ScanReply>;
  }

  hash(request: HashRequest): Promise<HashReply> {
    return this.#ask(request) as Promise<HashReply>;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }

  async #ask(request: HandRequest): Promise<HandReply> {
    const worker =
      this.#idle.pop() ?? (await new Promise<Worker>((take) => this.#waiting.push(take)));
    try {
      return await this.#talk(worker, request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  #talk(worker: Worker, request: HandRequest): Promise<HandReply> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) {
        reject(this.#broken);
        return;
      }
      const settle = () => {
        worker.off('message', onMessage);
        worker.off('exit', onExit);
      };
      const onMessage = (reply: HandReply) => {
        if (reply.did === 'read') {
          this.onRead(reply.bytes);
          return;
        }
        settle();
        if (reply.did === 'fail') reject(errorReceived(reply));
        else resolve(reply);
      };
      const onExit = () => {
        settle();
        reject(this.#broken ?? new Error('The threads that read the archive were ended.'));
      };
      worker.on('message', onMessage);
      worker.on('exit', onExit);
      worker.postMessage(request);
    });
  }

  /** A thread that ended by itself is no use any more, and neither is what it was asked. */
  #break(error: Error): void {
    if (!this.#closing) this.#broken ??= error;
  }
}

const MOST_HANDS = 32;
