import { absolutePath, duration } from '@pushmirror/config';
import { z } from 'zod';
import { goalOf, readGoal } from './goal.ts';
import { MIRRORS_AT_MOST, WAVES_AT_MOST, waveName, type Policy } from './policy.ts';

const committed = z
  .union([z.string(), z.int().min(1)])
  .transform((written, context) => {
    const goal = readGoal(String(written));
    if (goal !== undefined && goalOf(goal, 100) > 0) return goal;
    context.addIssue({ code: 'custom', message: 'expected a share such as "95%", or a number' });
    return z.NEVER;
  })
  .prefault('100%');

const gate = z
  .strictObject({
    committed,
    observed: z.boolean().default(true),
    check: z.tuple([absolutePath], z.string().max(1_000)).optional(),
  })
  .prefault({});

/** The file of `archive set --policy`; config/rollout-policy.toml shows every key. */
export const policyFile = z
  .strictObject({
    switch: z.enum(['as-ready', 'together']).default('as-ready'),
    stage_deadline: duration.prefault('30m'),
    wave: z
      .array(
        z.strictObject({
          name: waveName,
          mirrors: z.array(z.string().min(1).max(255)).min(1).max(MIRRORS_AT_MOST),
          bake: duration.optional(),
          deadline: duration.prefault('2h'),
          gate,
        }),
      )
      .max(WAVES_AT_MOST)
      .default([]),
  })
  .transform((file): Policy => ({
    switch: file.switch,
    stageDeadlineMs: file.stage_deadline,
    waves: file.wave.map((wave) => ({
      name: wave.name,
      mirrors: wave.mirrors,
      bakeMs: wave.bake ?? 0,
      deadlineMs: wave.deadline,
      gate: { ...wave.gate, check: wave.gate.check ?? null },
    })),
  }));
