import type { ScanCount } from './scan.ts';

/** How far a publish is. */
export interface DescribeProgress {
  phase: 'scanning' | 'hashing' | 'writing';
  /** Files and bytes of the phase, for those who show one pair of numbers. */
  files: number;
  bytes: number;
  filesScanned: number;
  filesToHash: number;
  filesHashed: number;
  bytesToHash: number;
  bytesHashed: number;
}

const EVERY_MS = 100;

/** Counts, and tells from time to time. */
export class ProgressCounter {
  entries = 0;
  hashed = 0;
  #phase: DescribeProgress['phase'] = 'scanning';
  #toHash = { files: 0, bytes: 0 };
  #bytesHashed = 0;
  #toldAt = 0;

  constructor(readonly tell: (progress: DescribeProgress) => void) {}

  scanned = ({ entries, toHash }: ScanCount): void => {
    this.entries += entries;
    this.#toHash.files += toHash.files;
    this.#toHash.bytes += toHash.bytes;
    this.#maybeTell();
  };

  read = (bytes: number): void => {
    this.#bytesHashed += bytes;
    this.#enter('hashing');
    this.#maybeTell();
  };

  filesHashed = (files: number): void => {
    this.hashed += files;
    this.#enter('hashing');
    this.#maybeTell();
  };

  phase(phase: DescribeProgress['phase']): void {
    this.#enter(phase);
  }

  #enter(phase: DescribeProgress['phase']): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#tellNow();
  }

  #maybeTell(): void {
    if (performance.now() - this.#toldAt >= EVERY_MS) this.#tellNow();
  }

  #tellNow(): void {
    this.#toldAt = performance.now();
    const hashing = this.#phase === 'hashing';
    this.tell({
      phase: this.#phase,
      files: hashing ? this.hashed : this.entries,
      bytes: this.#bytesHashed,
      filesScanned: this.entries,
      filesToHash: this.#toHash.files,
      filesHashed: this.hashed,
      bytesToHash: this.#toHash.bytes,
      bytesHashed: this.#bytesHashed,
    });
  }
}
