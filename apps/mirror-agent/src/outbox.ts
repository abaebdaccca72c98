import { randomBytes } from 'node:crypto';
import { appendToFile, replaceFile } from '@pushmirror/host';
import { report as reportSchema, type Report } from '@pushmirror/trigger';
import { z } from 'zod';
import { createBatch } from './state/batch.ts';
import { readState, type OnCorrupt } from './state/read-json.ts';

/** A report before it has its number. */
export type News = Omit<Report, 'id'>;

/**
 * Reports that the master has not acknowledged, on disk. One file: a line with the instance and the
 * next number, then a line for each report. It is appended to, and written anew when reports leave.
 */
export interface Outbox {
  /** Resolves when the report is on the disk; also when the disk takes none (`onProblem` is told). */
  add(news: News): Promise<void>;
  /** The oldest reports, at most `count`. */
  first(count: number): Report[];
  /** Forget all up to and including this id. */
  acknowledge(id: string): Promise<void>;
  /** Forget this one, which the master will not take. */
  drop(id: string): Promise<void>;
  size(): number;
}

export interface OutboxOptions {
  path: string;
  onCorrupt: OnCorrupt;
  onProblem: (error: unknown) => void;
  /** At most this many are kept: of those too many, the oldest `syncing` goes first. */
  most?: number;
}

const MOST = 5_000;
const headLine = z.object({ instance: z.string().regex(/^[0-9a-f]{16}$/), next: z.int().min(1) });
type Content = z.output<typeof headLine> & { pending: Report[] };

export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { path, onProblem, most = MOST } = options;
  const found = await readState(path, parseOutbox, options.onCorrupt);
  const { instance, ...rest } = found ?? newContent();
  let { next, pending } = rest;
  /** The file is not what it should be: write all of it. */
  let stale = true;

  const write = createBatch<string | undefined>(async (lines) => {
    try {
      if (stale || lines.includes(undefined)) {
        stale = true;
        const all = [{ instance, next }, ...pending].map((line) => `${JSON.stringify(line)}\n`);
        await replaceFile(path, all.join(''), 0o600);
        stale = false;
      } else {
        await appendToFile(path, lines.join(''), 0o600);
      }
    } catch (error) {
      stale = true;
      onProblem(error);
    }
  });
  await write(undefined);

  return {
    async add(news) {
      const report: Report = { id: `${instance}:${next}`, ...news };
      next += 1;
      pending.push(report);
      const dropped = pending.length > most;
      if (dropped) pending.splice(oldest(pending), 1);
      await write(dropped ? undefined : `${JSON.stringify(report)}\n`);
    },
    first: (count) => pending.slice(0, count),
    async acknowledge(id) {
      const [whose, number] = id.split(':');
      if (whose !== instance) return;
      pending = pending.filter((report) => numberOf(report.id) > Number(number));
      await write(undefined);
    },
    async drop(id) {
      pending = pending.filter((report) => report.id !== id);
      await write(undefined);
    },
    size: () => pending.length,
  };
}

function newContent(): Content {
  return { instance: randomBytes(8).toString('hex'), next: 1, pending: [] };
}

/** Read the file; a last line that was cut off by a crash is left out, it was never confirmed. */
function parseOutbox(bytes: Buffer): Content {
  const [first = '', ...lines] = bytes.toString('utf8').split('\n');
  const { instance, next } = headLine.parse(JSON.parse(first));
  lines.pop();
  const pending = lines.flatMap((line) => {
    try {
      return [reportSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
  return { instance, next: Math.max(next, ...pending.map(({ id }) => numberOf(id) + 1)), pending };
}

function numberOf(id: string): number {
  return Number(id.split(':')[1]);
}

function oldest(pending: readonly Report[]): number {
  return Math.max(
    pending.findIndex((report) => report.event === 'syncing'),
    0,
  );
}
