import type { RolloutOverview } from '../../monitor/overview.ts';
import { readPolicy } from '../../rollout/policy.ts';
import { tally } from '../../rollout/state.ts';
import { ago, counted, moment, plain } from './words.ts';

/** What is going on with a release that not everybody is to have yet. */
export interface RolloutSentence {
  tone: 'moving' | 'bad';
  text: string;
}

/** In one sentence for the public; null when there is nothing to say. */
export function rolloutSentence(
  { release, counts }: RolloutOverview,
  now: Date,
): RolloutSentence | null {
  const { serial, wave, phase, switch: how } = release;
  if (release.held_at !== null) {
    const why = release.held_reason === null ? '.' : `: ${plain(release.held_reason)}`;
    const since = ago(new Date(release.held_at), now);
    return { tone: 'bad', text: `Release ${serial} is held, ${since}${why}` };
  }
  if (phase === 'done') return null;
  const { waves } = readPolicy(release.waves);
  const { committed, total, states } = tally(counts.filter((count) => count.wave === wave));
  const name = waves[wave]?.name;
  const others = waves.length === 0 ? 'the mirrors' : 'all other mirrors';
  const who = name === undefined ? others : `the wave ${name}`;
  const place = name === undefined ? '' : ` (wave ${wave + 1} of ${waves.length + 1})`;
  if (phase === 'staging') {
    const ready = committed + (states.staged ?? 0);
    const text = `Release ${serial} is made ready at ${who}${place}, to switch together: ${ready} of ${counted(total, 'mirror')} so far.`;
    return { tone: 'moving', text };
  }
  if (how === 'together' && phase === 'committing') {
    const text = `Release ${serial}: ${who}${place} switch together; ${committed} of ${counted(total, 'mirror')} have.`;
    return { tone: 'moving', text };
  }
  const have = `${committed} of ${counted(total, 'mirror')} ${committed === 1 ? 'has' : 'have'} it`;
  if (phase === 'baking') {
    const text = `Release ${serial} is watched at ${who}${place}${untilWords(release, now)}: ${have}. The others follow.`;
    return { tone: 'moving', text };
  }
  return {
    tone: 'moving',
    text: `Release ${serial} is tried at ${who}${place}: ${have}. The others follow.`,
  };
}

/** Until when the wave bakes; nothing once that is over, and only its gate is to be passed. */
function untilWords(
  { waves, wave, phase_at: since }: RolloutOverview['release'],
  now: Date,
): string {
  const bakeMs = readPolicy(waves).waves[wave]?.bakeMs ?? 0;
  const until = new Date((since === null ? 0 : Date.parse(since)) + bakeMs);
  return until > now ? ` until ${moment(until)}` : '';
}
