import { createRandom, type Random } from '../faults/random.ts';

/** SIGKILL in mid-publish, and the start after it. */
export interface Kill {
  who: Victim;
  /** `move`: when it begins to move what readers see; else by the clock alone. */
  at: 'time' | 'move';
  /** Milliseconds after that, or after the publish. */
  afterMs: number;
  /** Milliseconds until it is started again. */
  downMs: number;
}

/** The mirror that is read, of either kind, and the hub before ours. */
export type Victim = 'leaf' | 'ftpsync' | 'hub';

export interface Step {
  number: number;
  /** Milliseconds before the archive begins to change for this publish. */
  pauseMs: number;
  kills: Kill[];
}

const KILLED = 0.5;
const HUB_KILLED = 0.15;
const LATEST_KILL_MS = 2_000;
const LATEST_IN_MOVE_MS = 25;
const LONGEST_DOWN_MS = 1_500;

/** What a seed makes happen. Pure. Both mirrors that are read are killed by the same plan. */
export function planKills(seed: number, publishes: number): Step[] {
  const random = createRandom(seed);
  return Array.from({ length: publishes }, (_, index) => {
    const pauseMs = random.chance(0.7) ? random.int(0, 500) : random.int(1_000, 4_000);
    const kills: Kill[] = [];
    if (index > 0 && random.chance(KILLED)) {
      const kill = killIn(random);
      kills.push({ ...kill, who: 'leaf' }, { ...kill, who: 'ftpsync' });
    }
    if (index > 0 && random.chance(HUB_KILLED)) kills.push({ ...killIn(random), who: 'hub' });
    return { number: index + 1, pauseMs, kills };
  });
}

function killIn(random: Random): Omit<Kill, 'who'> {
  const at = random.chance(0.6) ? 'move' : 'time';
  const afterMs = random.int(0, at === 'move' ? LATEST_IN_MOVE_MS : LATEST_KILL_MS);
  return { at, afterMs, downMs: random.int(0, LONGEST_DOWN_MS) };
}
