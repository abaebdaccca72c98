import { setTimeout as delay } from 'node:timers/promises';
import type { Observation } from '../monitor/probe/prober.ts';
import type { ReleaseRow } from '../db/schema.ts';
import type { RunCheck } from './check-program.ts';
import { countedOf, type Member } from './decide.ts';
import type { Wave } from './policy.ts';

/** A wave that was watched long enough: may the next one begin? */
export interface GateQuestion {
  release: Pick<ReleaseRow, 'archive' | 'serial'>;
  wave: Wave;
  members: readonly Member[];
}

export type GateAnswer = { passed: true } | { passed: false; reason: string };

export type AskGate = (question: GateQuestion, signal: AbortSignal) => Promise<GateAnswer>;

export interface GateOptions {
  look: (mirror: string, archive: string) => Promise<Observation | undefined>;
  runCheck: RunCheck;
  /** Between two looks at the mirrors that do not show the release; milliseconds. */
  pauseMs?: number;
}

const LOOKS = 3;
const PAUSE_MS = 10_000;
const NAMED_AT_MOST = 5;

/**
 * The gate behind a wave: its mirrors show the release at their public addresses (those that have
 * one), and the check program, where there is one, ends with 0.
 */
export function createGate(o: GateOptions): AskGate {
  return async (question, signal) => {
    const { wave } = question;
    if (wave.gate.observed) {
      const reason = await whatIsSeen(question, o, signal);
      if (reason !== undefined) return { passed: false, reason };
    }
    if (wave.gate.check === null) return { passed: true };
    const reason = await o.runCheck(wave.gate.check, question, signal);
    return reason === undefined ? { passed: true } : { passed: false, reason };
  };
}

/** Why what is seen is not what it should be; undefined when it is. */
async function whatIsSeen(
  { release, wave, members }: GateQuestion,
  { look, pauseMs = PAUSE_MS }: GateOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { archive, serial } = release;
  let names = countedOf(members)
    .filter(({ state }) => state === 'committed')
    .map(({ mirror }) => mirror);
  let wrong: string[] = [];
  for (let round = 1; round <= LOOKS; round += 1) {
    const seen = await Promise.all(
      names.map(async (mirror) => ({ mirror, observation: await look(mirror, archive) })),
    );
    signal.throwIfAborted();
    const others = seen.filter(
      ({ observation }) => observation !== undefined && observation.serial !== serial,
    );
    if (others.length === 0) return undefined;
    names = others.map(({ mirror }) => mirror);
    wrong = others.map(({ mirror, observation }) => `${mirror} ${shows(observation)}`);
    if (round < LOOKS) await delay(pauseMs, undefined, { signal });
  }
  const more = wrong.length - NAMED_AT_MOST;
  const some = wrong.slice(0, NAMED_AT_MOST).join('; ') + (more > 0 ? ` and ${more} more` : '');
  return `The wave ${wave.name} does not show it to readers: ${some}.`;
}

function shows(observation: Observation | undefined): string {
  const { serial = null, reason = null } = observation ?? {};
  if (serial !== null) return `shows ${serial}`;
  return reason?.replace(/\.$/, '') ?? 'shows nothing';
}
