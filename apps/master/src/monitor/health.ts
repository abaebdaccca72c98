import { FAILINGS, type SightState } from './probe/states.ts';
import type { StandingState } from './standing.ts';

/** Whether the network is healthy, in one line that a reader understands. */
export interface Health {
  level: 'good' | 'moving' | 'trouble' | 'empty';
  sentence: string;
}

const TROUBLE: readonly StandingState[] = ['behind', 'failed', 'refused', 'unreachable', 'never'];

/**
 * One line from where every mirror stands with every archive, and from what it was seen to show.
 * Paused mirrors do not count, nor does what those say that cannot report.
 */
export function healthOf(standings: readonly MirrorHealth[]): Health {
  const said = whatIsSaid(standings);
  const wrong = new Set(standings.filter(isSeenWrong).map(({ mirror }) => mirror)).size;
  if (wrong === 0) return said;
  const [show, they] = wrong === 1 ? ['does', 'it'] : ['do', 'they'];
  const seen = `${count(wrong)} ${show} not show readers what ${they} should.`;
  return {
    level: 'trouble',
    sentence: said.level === 'trouble' ? `${said.sentence} ${seen}` : `${seen} ${said.sentence}`,
  };
}

interface MirrorHealth {
  mirror: string;
  archive: string;
  state: StandingState;
  /** The master's own newest look. */
  sight?: { state: SightState } | null;
}

function isSeenWrong({ state, sight }: MirrorHealth): boolean {
  return state !== 'paused' && FAILINGS.has(sight?.state ?? 'fresh');
}

function whatIsSaid(standings: readonly MirrorHealth[]): Health {
  const counted = standings.filter(
    ({ state }) => state !== 'paused' && state !== 'silent' && state !== 'nothing-published',
  );
  const total = new Set(counted.map(({ mirror }) => mirror)).size;
  if (total === 0) return { level: 'empty', sentence: 'No mirror has a release to report yet.' };
  const bad = mirrorsIn(counted, (state) => TROUBLE.includes(state));
  const moving = mirrorsIn(counted, (state) => state === 'on-its-way');
  if (bad > 0) {
    const rest = moving > 0 ? ` A release is on its way to ${count(moving)}.` : '';
    return {
      level: 'trouble',
      sentence: `${count(bad)} of ${total} ${bad === 1 ? 'lacks' : 'lack'} a current release.${rest}`,
    };
  }
  if (moving > 0) {
    const reached = total - moving;
    return {
      level: 'moving',
      sentence: `A release is on its way: ${reached} of ${count(total)} ${reached === 1 ? 'has' : 'have'} it.`,
    };
  }
  const all = total === 1 ? 'The one mirror reports' : `All ${total} mirrors report`;
  return { level: 'good', sentence: `${all} the current release.` };
}

function mirrorsIn(
  standings: readonly { mirror: string; state: StandingState }[],
  wanted: (state: StandingState) => boolean,
): number {
  return new Set(standings.filter(({ state }) => wanted(state)).map(({ mirror }) => mirror)).size;
}

function count(mirrors: number): string {
  return mirrors === 1 ? '1 mirror' : `${mirrors} mirrors`;
}
