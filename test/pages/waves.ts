import type { Site } from './site.ts';

/** The newest release of a site is in its first wave, which is watched. */
export function giveWaves({ f, serial, sql, later }: Site): void {
  const gate = { committed: { percent: 100 }, observed: true, check: null };
  const wave = { mirrors: ['mirror0.de.example.org'], bakeMs: 3_600_000, deadlineMs: 1, gate };
  const waves = ['canary', 'early'].map((name) => ({ name, ...wave }));
  sql(
    `update release set waves = ?, wave = 0, phase = 'baking', public_at = null, phase_at = ? where serial = ?`,
    JSON.stringify({ switch: 'together', stageDeadlineMs: 1, waves }),
    f.clock.now.toISOString(),
    serial,
  );
  sql('update push set wave = min(rowid % 5, 2) where serial = ?', serial);
  later();
}
