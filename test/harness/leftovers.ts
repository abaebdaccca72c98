import { readdirSync, readFileSync } from 'node:fs';

/** A process that still runs and names a folder in its command line. */
export interface Leftover {
  pid: number;
  command: string;
}

/**
 * The processes whose command line names something in `folder`: what a killed service left behind
 * (its rsync, its rsync daemon). A test network's folder is its own, so nobody else's are found.
 */
export function leftovers(folder: string): Leftover[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: commandLine(name) }))
    .filter(({ command }) => command.includes(folder));
}

/** End them, and return what was found. */
export function endLeftovers(folder: string): Leftover[] {
  const found = leftovers(folder);
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
