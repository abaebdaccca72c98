import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { leftovers } from '../harness/leftovers.ts';

/** The most that was seen since `reset`, in MiB. */
export interface Cost {
  /** The agent's resident memory. */
  agent: number;
  /** That of all its rsync processes together. */
  rsync: number;
  /** What its folder takes on disk: tree, staging, state and log. */
  disk: number;
}

export interface CostWatch {
  reset(): void;
  peak(): Cost;
  stop(): void;
}

const EVERY_MS = 50;
const MIB = 1024 * 1024;

/** Look at an agent's memory and disk all the time. */
export function watchCost(agent: Agent): CostWatch {
  let peak: Cost = { agent: 0, rsync: 0, disk: 0 };
  const look = () => {
    const pid = agent.service.pid();
    const children = leftovers(agent.folder).filter((one) => /(^| )rsync /.test(one.command));
    peak = {
      agent: Math.max(peak.agent, pid === undefined ? 0 : residentMemory(pid)),
      rsync: Math.max(
        peak.rsync,
        children.reduce((sum, child) => sum + residentMemory(child.pid), 0),
      ),
      disk: Math.max(peak.disk, diskUse(agent.folder) / MIB),
    };
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    reset: () => (peak = { agent: 0, rsync: 0, disk: 0 }),
    peak() {
      look();
      return peak;
    },
    stop: () => clearInterval(timer),
  };
}

function residentMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It has ended.
  }
}

/** Bytes of blocks that are in use: a file with holes takes only what is written of it. */
function diskUse(path: string): number {
  try {
    const stat = lstatSync(path);
    const own = stat.blocks * 512;
    if (!stat.isDirectory()) return own;
    return readdirSync(path).reduce((sum, name) => sum + diskUse(join(path, name)), own);
  } catch {
    return 0; // It has gone.
  }
}
