import { readdirSync, readFileSync } from 'node:fs';

/** A process that still runs and belongs to a folder. */
export interface Leftover {
  pid: number;
  command: string;
}

/**
 * The processes whose command line names something in `folder`, or whose home is there: what a killed
 * service left behind (its rsync, its rsync daemon, an ftpsync that it began). A test network's folder
 * is its own, so nobody else's are found.
 */
export function leftovers(folder: string): Leftover[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: wordsOf(name, 'cmdline') }))
    .filter(
      ({ pid, command }) =>
        command.includes(folder) || wordsOf(`${pid}`, 'environ').includes(`HOME=${folder}`),
    );
}

/** End them, and return what was found. */
export function endLeftovers(folder: string): Leftover[] {
  const found = leftovers(folder);
  for (const { pid } of found) kill(pid);
  return found;
}

/** End a process and all that descend from it, such as the sessions of an sshd. */
export function endWithDescendants(ancestor: number): void {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const parent = Number(/\) \S (\d+) [^)]*$/.exec(wordsOf(name, 'stat'))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [ancestor];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  for (const pid of found) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function wordsOf(pid: string, file: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
