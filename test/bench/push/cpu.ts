import { readdirSync, readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** Of a process, all its threads, and all its children that have ended (proc_pid_stat(5)), in s. */
export function cpuOf(process: number | 'self'): number {
  return fieldsOf(process).reduce((sum, ticks) => sum + ticks, 0);
}

/** Of processes and all that descend from them, those that still run and those that have ended. */
export function cpuOfAll(processes: readonly number[]): number {
  for (let left = MOST_LOOKS; ; left -= 1) {
    try {
      return addUp(processes);
    } catch (error) {
      // One that ends meanwhile is counted with its parent, which may have been read before.
      if (left === 0 || !HAS_ENDED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

const MOST_LOOKS = 20;
const HAS_ENDED: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH']);

function addUp(processes: readonly number[]): number {
  return processes.reduce((sum, pid) => sum + cpuOf(pid) + addUp(childrenOf(pid)), 0);
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  });
}

/** Of the children alone. */
export function childrenCpuOf(process: number | 'self'): number {
  const [, , user, system] = fieldsOf(process);
  return user + system;
}

/** Own user and system time, that of children. */
function fieldsOf(process: number | 'self'): [number, number, number, number] {
  const fields = readFileSync(`/proc/${process}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields.slice(11, 15).map((ticks) => Number(ticks) / TICKS_A_SECOND) as [
    number,
    number,
    number,
    number,
  ];
}
