import { acknowledged, type Evidence } from './checks.ts';

/** What a run came to, in numbers. */
export function figuresOf({ history, master, mirrors }: Evidence): Record<string, unknown> {
  const states: Record<string, number> = {};
  for (const { state } of master.pushes) states[state] = (states[state] ?? 0) + 1;
  const after = master.pushes.map(({ updatedAt }) => updatedAt - history.lastRestart);
  return {
    seed: history.seed,
    publishes: history.contents.length,
    acknowledged: acknowledged(history).length,
    brokenOff: history.answers.filter(wasBrokenOff).length,
    releases: master.releases.length,
    kills: history.kills,
    cuts: history.cuts,
    mirrors: mirrors.length,
    pushes: master.pushes.length,
    states,
    lastPushSeconds: Math.max(0, ...after) / 1000,
    looks: history.looks.length,
    filesCompared: mirrors.reduce((sum, { files }) => sum + files.size, 0),
  };
}

/** Requests that the master took and did not live to answer, or refused. */
function wasBrokenOff({ serial, error }: Evidence['history']['answers'][number]): boolean {
  return serial === undefined && !(error ?? '').includes('ECONNREFUSED');
}
