import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  createReadByRsync,
  lookOnce,
  MOST_LOOKS,
  packLook,
  type Look,
  type LookMemory,
  type LookOptions,
  type Samples,
  type VantageLook,
  type VantageTask,
} from '@pushmirror/probe';
import type { MasterClient } from './master-client.ts';

export interface VantageOptions {
  master: Pick<MasterClient, 'vantage' | 'looks'>;
  guard: LookOptions['guard'];
  deadlineMs: number;
  /** Looks at once. */
  concurrency: number;
  now: () => Date;
  random: () => number;
  onProblem: (reason: string) => void;
  signal: AbortSignal;
}

const ASK_AGAIN_MS = 10 * 60_000;
const AFTER_TROUBLE_MS = 60_000;
const DAY_S = 86_400;

/**
 * Serve as another vantage point: ask the master what to look at, look, and hand in what was seen,
 * again and again until the signal aborts. What it means is the master's to say.
 */
export async function serveAsVantage(o: VantageOptions): Promise<void> {
  const memories = new Map<string, LookMemory>();
  while (!o.signal.aborted) {
    const answer = await o.master.vantage();
    if (answer.kind !== 'ok' && !o.signal.aborted) o.onProblem(answer.reason);
    const task = answer.kind === 'ok' && answer.value.asked ? answer.value : undefined;
    const handed = task === undefined ? true : await lookAround(task, memories, o);
    const interval = Math.min(task?.interval ?? ASK_AGAIN_MS / 1000, DAY_S) * 1000;
    const pause = answer.kind === 'ok' && handed ? interval : Math.min(AFTER_TROUBLE_MS, interval);
    await delay(pause * (0.8 + 0.4 * o.random()), undefined, { signal: o.signal }).catch(() => {});
  }
}

/** Look at every target once; true when all that was seen has been handed in. */
async function lookAround(
  task: VantageTask,
  memories: Map<string, LookMemory>,
  o: VantageOptions,
): Promise<boolean> {
  const left = [...task.targets];
  let seen: VantageLook[] = [];
  let isGood = true;
  const handIn = async () => {
    const looks = seen;
    seen = [];
    if (looks.length === 0 || o.signal.aborted) return;
    const answer = await o.master.looks(looks);
    if (answer.kind === 'ok') return;
    isGood = false;
    o.onProblem(answer.reason);
  };
  const goOn = async () => {
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      if (o.signal.aborted) return;
      const key = `${target.archive} ${target.mirror}`;
      const memory = memories.get(key) ?? new Map();
      memories.set(key, memory);
      const look = await lookAt(target, task, memory, o);
      if (look === undefined) continue;
      seen.push(packLook(target, look));
      if (seen.length >= MOST_LOOKS) await handIn();
    }
  };
  await Promise.all(Array.from({ length: o.concurrency }, goOn));
  await handIn();
  const wanted = new Set(task.targets.map(({ archive, mirror }) => `${archive} ${mirror}`));
  for (const key of memories.keys()) if (!wanted.has(key)) memories.delete(key);
  return isGood;
}

/** Undefined when the agent is stopping. */
async function lookAt(
  target: VantageTask['targets'][number],
  task: VantageTask,
  memory: LookMemory,
  o: VantageOptions,
): Promise<Look | undefined> {
  const release = task.releases.find(({ archive }) => archive === target.archive);
  try {
    return await lookOnce(
      {
        target,
        memory,
        samplesOf: (head) => Promise.resolve(samplesIn(head, release, o.random)),
        isDoubtful: (look) => !isAsExpected(look, release),
        signal: o.signal,
      },
      {
        guard: o.guard,
        deadlineMs: o.deadlineMs,
        userAgent: task.userAgent,
        now: o.now,
        readByRsync: createReadByRsync(o.guard),
      },
    );
  } catch (error) {
    if (o.signal.aborted) return undefined;
    throw error;
  }
}

type Release = VantageTask['releases'][number] | undefined;

/** Those of the newest release, when the mirror shows that one. */
function samplesIn(head: Buffer, release: Release, random: () => number): Samples | undefined {
  if (release === undefined) return undefined;
  if (!head.includes(`\nManifest: sha256:${release.manifest} `)) return undefined;
  const from = Math.floor(random() * release.contents.length);
  const contents = [...release.contents.slice(from), ...release.contents.slice(0, from)];
  return { indexes: release.indexes, contents };
}

function isAsExpected({ heads, endpoints, content }: Look, release: Release): boolean {
  if (heads.length !== 1 || release === undefined) return false;
  const shown = new Set(endpoints.flatMap(({ serial }) => (serial === null ? [] : [serial])));
  const isRight = content === null || (content.index === 'right' && content.sample === 'right');
  return isDeepStrictEqual([...shown], [release.serial]) && isRight;
}
