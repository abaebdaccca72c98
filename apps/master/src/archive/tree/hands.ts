import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import {
  errorReceived,
  type HandOrder,
  type HandReply,
  type HandRequest,
  type HandSetup,
  type HashReply,
  type HashRequest,
  type ScanReply,
  type ScanRequest,
} from './hand-words.ts';
import { hashBatch } from './hash-batch.ts';
import { scanFolders } from './scan-folders.ts';
import { Threads } from './threads.ts';

/**
 * Threads that look at folders and hash files: up to one for each core, one request at a time each.
 * They are taken when there is work for them; what little a small tree asks for is done here.
 */
export class Hands {
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];
  readonly #here = { scans: 0, bytes: 0 };
  #broken: Error | undefined;
  /** Told of bytes while files are hashed. */
  onRead: (bytes: number) => void = () => {};

  constructor(
    readonly setup: HandSetup,
    readonly count = Math.min(availableParallelism(), MOST_HANDS),
  ) {
    // Work for all is certain: let them start up, if they have to, while other things are read.
    if (!this.#knownLittle) for (let i = 0; i < count; i++) this.#idle.push(this.#take());
  }

  async scan(request: ScanRequest): Promise<ScanReply> {
    const little = this.#all.length === 0 && this.#knownLittle && ++this.#here.scans <= SCANS_HERE;
    if (little) return scanFolders(this.setup, request);
    return this.#ask(request) as Promise<ScanReply>;
  }

  async hash(request: HashRequest): Promise<HashReply> {
    this.#here.bytes += request.bytes + request.paths.length * BYTES_A_FILE;
    const little = this.#all.length === 0 && this.#here.bytes <= BYTES_HERE;
    if (little) return hashBatch(this.setup, request, this.onRead);
    return this.#ask(request) as Promise<HashReply>;
  }

  get #knownLittle(): boolean {
    return this.setup.table.memory.byteLength <= TABLE_HERE;
  }

  /** Lets the threads go. Those that still do something end. */
  close(): void {
    for (const worker of this.#all) {
      worker.off('error', this.#onError).off('exit', this.#onExit);
      if (this.#broken === undefined && this.#idle.includes(worker)) threads.keep(worker);
      else void worker.terminate();
    }
  }

  async #ask(request: HandRequest): Promise<HandReply> {
    const worker = this.#idle.pop() ?? (this.#mayTake ? this.#take() : await this.#nextIdle());
    try {
      return await this.#talk(worker, request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  get #mayTake(): boolean {
    return this.#all.length < this.count;
  }

  #take(): Worker {
    const worker = threads.take();
    worker.on('error', this.#onError).on('exit', this.#onExit);
    this.#all.push(worker);
    return worker;
  }

  #nextIdle(): Promise<Worker> {
    return new Promise((take) => this.#waiting.push(take));
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
      const order: HandOrder = { setup: this.setup, request };
      worker.postMessage(order);
    });
  }

  /** A thread that ended by itself is no use any more, and neither is what it was asked. */
  readonly #onError = (error: Error): void => {
    this.#broken ??= error;
  };

  readonly #onExit = (): void => {
    this.#broken ??= new Error('A thread that reads the archive has ended.');
  };
}

const MOST_HANDS = 32;
const threads = new Threads('hand-thread', MOST_HANDS);
/** A thread takes as long to start as to look at 20,000 files. */
const SCANS_HERE = 10;
const TABLE_HERE = 4 * 1024 * 1024;
const BYTES_HERE = 32 * 1024 * 1024;
/** Opening a file costs about as much as hashing so many bytes. */
const BYTES_A_FILE = 16 * 1024;
