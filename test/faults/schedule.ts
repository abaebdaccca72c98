import { createRandom, type Random } from './random.ts';

/** How a flapping mirror is cut off: itself, its SSH (pushes), or its upstream's rsync (pulls). */
export const troubles = [
  'stopped',
  'killed',
  'ssh reset',
  'ssh silent',
  'rsync reset',
  'rsync silent',
] as const;

export type Trouble = (typeof troubles)[number];

/** How releases roll out from a publish on: all at once, switching together, or canaries first. */
export const manners = ['as-ready', 'together', 'waves'] as const;

export type Manner = (typeof manners)[number];

/** SIGKILL of the master or a hub. */
export interface Kill {
  who: string;
  /** `commit`: just when the release exists, and before the client is told so. */
  at: 'time' | 'commit';
  /** Milliseconds after the publish request has left. */
  afterMs: number;
  /** Milliseconds until it is started again. */
  downMs: number;
}

/** One publish, and what befalls the network meanwhile. */
export interface Step {
  number: number;
  /** Milliseconds before the publish. */
  pauseMs: number;
  /** By HTTP, or with `mirror-master publish`. */
  client: 'api' | 'command';
  kills: Kill[];
  /** Set before the publish; where it is left out, as before. */
  manner?: Manner;
  /** The release is held right after the publish, and may go on before the next one. */
  isHalted: boolean;
  /** Mirrors that are cut off just before this publish, and those that come back. */
  cut: { mirror: string; trouble: Trouble }[];
  mend: string[];
}

export interface ScheduleOptions {
  seed: number;
  publishes: number;
  /** Who is killed: the master and the hubs. */
  killed: readonly string[];
  /** Who flaps. */
  flapping: readonly string[];
}

const MASTER_KILLS_PER_PUBLISH = 0.25;
const HUB_KILLS_PER_PUBLISH = 0.15;
const NEW_MANNERS_PER_PUBLISH = 0.2;
const HALTS_PER_PUBLISH = 0.05;
const LATEST_KILL_MS = 1_500;
const LONGEST_DOWN_MS = 2_000;
const LONGEST_TROUBLE = 6;

/** What a seed makes happen. Pure: the same options, the same steps. */
export function planFaults(options: ScheduleOptions): Step[] {
  const { publishes, killed, flapping } = options;
  const random = createRandom(options.seed);
  const steps = Array.from({ length: publishes }, (_, index) => newStep(index + 1, random));
  for (const who of killed) addKills(steps, who, random);
  for (const mirror of flapping) addTroubles(steps, mirror, random);
  addManners(steps, random);
  return steps;
}

function newStep(number: number, random: Random): Step {
  const pauseMs = random.chance(0.7) ? random.int(0, 300) : random.int(800, 3_000);
  const client = random.chance(0.125) ? 'command' : 'api';
  return { number, pauseMs, client, kills: [], isHalted: false, cut: [], mend: [] };
}

/** Each at least once. Half of the kills fall into the first tenth of a second: into the publish. */
function addKills(steps: Step[], who: string, random: Random): void {
  const rate = who === 'master' ? MASTER_KILLS_PER_PUBLISH : HUB_KILLS_PER_PUBLISH;
  for (const step of random.sample(steps, Math.max(1, Math.round(steps.length * rate)))) {
    const afterMs = random.chance(0.5) ? random.int(0, 100) : random.int(100, LATEST_KILL_MS);
    const at = who === 'master' && random.chance(0.5) ? 'commit' : 'time';
    step.kills.push({ who, at, afterMs, downMs: random.int(0, LONGEST_DOWN_MS) });
  }
}

/** Up for a while, away for a while, to the end; what is still away then is mended by the run. */
function addTroubles(steps: Step[], mirror: string, random: Random): void {
  let at = random.int(1, Math.min(4, steps.length - 1));
  while (at < steps.length) {
    steps[at]?.cut.push({ mirror, trouble: random.pick(troubles) });
    at += random.int(1, LONGEST_TROUBLE);
    steps[at]?.mend.push(mirror);
    at += random.int(1, LONGEST_TROUBLE);
  }
}

/** The run begins with all at once; every manner comes, where there are steps enough. */
function addManners(steps: Step[], random: Random): void {
  const often = (rate: number, least: number) => Math.max(least, Math.round(steps.length * rate));
  const changes = random.sample(steps.slice(1), often(NEW_MANNERS_PER_PUBLISH, manners.length));
  changes.forEach((step, index) => {
    step.manner = manners[(index + 1) % manners.length] ?? 'as-ready';
  });
  for (const step of random.sample(steps, often(HALTS_PER_PUBLISH, 1))) step.isHalted = true;
}
