import { readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** Of a process, all its threads, and all its children that have ended (proc_pid_stat(5)), in s. */
export function cpuOf(process: number | 'self'): number {
  return fieldsOf(process).reduce((sum, ticks) => sum + ticks, 0);
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
