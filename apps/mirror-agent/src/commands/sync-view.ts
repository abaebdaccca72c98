import type { SyncLine } from '../control-protocol.ts';
import { inBytes, inSeconds } from './in-words.ts';

/** Shows how syncs go: NDJSON, one live line on a terminal, or plain lines. */
export interface SyncView {
  show(line: SyncLine): void;
  end(): void;
}

/** Without a terminal, progress is a line at most so often. */
const PLAIN_EVERY_MS = 10_000;

export function createSyncView(json: boolean): SyncView {
  const { stdout } = process;
  const live = stdout.isTTY === true;
  let shownAt = Number.NEGATIVE_INFINITY;
  let open = false;

  function print(text: string): void {
    stdout.write(`${open ? '\r\u001b[K' : ''}${text}\n`);
    open = false;
  }

  return {
    show(line) {
      if (json) return void stdout.write(`${JSON.stringify(line)}\n`);
      if (line.type !== 'progress') return print(inWords(line));
      if (live) {
        stdout.write(`\r\u001b[K${inWords(line).slice(0, (stdout.columns ?? 80) - 1)}`);
        open = true;
        return;
      }
      if (performance.now() - shownAt < PLAIN_EVERY_MS) return;
      shownAt = performance.now();
      print(inWords(line));
    },
    end() {
      if (open) stdout.write('\n');
    },
  };
}

function inWords(line: SyncLine): string {
  switch (line.type) {
    case 'syncing':
      return `${line.archive}: syncing${toSerial(line.serial)} from ${line.upstream ?? 'the upstream'}`;
    case 'progress':
      return `${line.archive}: stage ${line.stage}: ${inBytes(line.bytes)}, ${line.percent}%`;
    case 'staged':
      return `${line.archive}: stage 1 is done: ${inBytes(line.bytes)} in ${inSeconds(line.seconds)}`;
    case 'note':
      return `${line.archive}: ${line.text}`;
    case 'result':
      return `${line.archive}: ${resultInWords(line)}`;
    case 'done':
      return line.ok ? 'done' : 'failed';
  }
}

function resultInWords(line: SyncLine & { type: 'result' }): string {
  switch (line.result) {
    case 'committed': {
      const cost = `${inBytes(line.bytes ?? 0)} in ${inSeconds(line.seconds ?? 0)}`;
      const beyond = line.reason === undefined ? '' : `; but not further: ${line.reason}`;
      return `committed${toSerial(line.serial)}: ${cost}${beyond}`;
    }
    case 'staged':
      return `staged${toSerial(line.serial)}: it may not be committed yet`;
    case 'nothing-new':
      return line.serial === undefined
        ? 'nothing new'
        : `nothing new, at serial ${line.serial} already`;
    case 'failed':
      return `failed: ${line.reason ?? 'see the log'}`;
  }
}

function toSerial(serial: number | undefined): string {
  return serial === undefined ? '' : ` serial ${serial}`;
}
