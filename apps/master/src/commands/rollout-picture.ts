import { pushStates, type PushState } from '@pushmirror/trigger/push-state';
import { z } from 'zod';
import { pushSchema, rolloutSchema, waveSchema } from '../http/routes/schemas.ts';
import { tally, type Tally } from '../rollout/state.ts';

const known = pushSchema.extend({ state: z.enum(pushStates) });
export const rolloutWithPushes = rolloutSchema.extend({
  waves: z.array(waveSchema),
  pushes: z.array(known),
});
/** What a `push` event carries. */
const pushEvent = known.omit({ tier: true });

export type PushView = z.infer<typeof known>;

/** A rollout as it was when it was asked for, and what has happened since. */
export interface Picture {
  rollout: z.infer<typeof rolloutWithPushes>;
  pushes: Map<string, PushView>;
}

export function pictureOf(rollout: z.infer<typeof rolloutWithPushes>): Picture {
  return { rollout, pushes: new Map(rollout.pushes.map((push) => [push.mirror, push])) };
}

/** Put a `push` event into the picture; returns the push, or undefined when that was no news. */
export function takePush(picture: Picture, data: string): PushView | undefined {
  const news = pushEvent.parse(JSON.parse(data));
  const before = picture.pushes.get(news.mirror);
  if (before === undefined || before.updatedAt > news.updatedAt) return undefined;
  const push = { ...before, ...news };
  picture.pushes.set(push.mirror, push);
  return push;
}

/** The mirrors of one tier, or of all. */
export function pushesIn({ pushes }: Picture, tier?: number): PushView[] {
  const all = [...pushes.values()];
  return tier === undefined ? all : all.filter((push) => push.tier === tier);
}

export function tallyOf(pushes: readonly { state: PushState }[]): Tally {
  return tally(pushes.map(({ state }) => ({ state, count: 1 })));
}
