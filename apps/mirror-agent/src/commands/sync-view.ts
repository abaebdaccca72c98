import type { SyncLine } from '../control-protocol.ts';
import { inBytes, inSeconds } from './in-words.ts';
import { createLiveLine } from './live-line.ts';
import { Pace } from './pace.ts';

/** Shows how syncs go: NDJSON, one live line on a terminal, or plain lines. */
export interface SyncView {
  show(line: SyncLine): void;
  end(): void;
}

export function createSyncView(json: boolean): SyncView {
  const live = createLiveLine();
  const paces = new Map<string, Pace>();

  return {
    show(line) {
      if (json) return void process.stdout.write(`${JSON.stringify(line)}\n`);
      if (line.type !== 'progress') return live.print(inWords(line));
      const pace = paces.get(line.archive) ?? new Pace();
      paces.set(line.archive, pace);
      const { bytes, percent } = line;
      const words = [inWords(line), pace.tell(bytes, percent / 100)].filter((one) => one !== '');
      live.tell(words.join(', '));
    },
    end: () => live.end(),
  };
}

function inWords(line: SyncLine): string {
  switch (line.type) {
    case 'syncing':
      return `${line.archive}: syncing${toSerial(line.serial)} from ${line.upstream ?? 'the upstream'}`;
    case 'progress': {
      const all = line.bytesInAll === undefined ? '' : ` of ${inBytes(line.bytesInAll)}`;
      return `${line.archive}: stage ${line.stage}: ${inBytes(line.bytes)}${all}, ${line.percent}%`;
    }
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
