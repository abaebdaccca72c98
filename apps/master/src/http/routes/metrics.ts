import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Db } from '../../db/open.ts';
import { oldestInVain } from '../../db/notices.ts';
import { listMetrics } from '../../db/probe-sums.ts';
import type { MetricRow } from '../../db/sight-schema.ts';
import type { Overview } from '../../monitor/overview.ts';
import { FAILINGS } from '../../monitor/probe/states.ts';
import type { PageCache } from '../page/cache.ts';
import { sendRendered } from '../page/send.ts';

/** `/metrics` for Prometheus; config/prometheus-alerts.yml shows what to alert on. */
export function metricRoutes(
  app: FastifyInstance,
  { db, cache, overview }: { db: Db; cache: PageCache; overview: () => Promise<Overview> },
  done: () => void,
): void {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  // They are no counters, whatever their names say; the ones without "_total" tell more.
  for (const one of ['handles', 'requests', 'resources']) {
    own.removeSingleMetric(`nodejs_active_${one}_total`);
  }
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    const rendered = await cache.get('metrics', async () => ({
      type: Registry.PROMETHEUS_CONTENT_TYPE,
      text: `${await networkMetrics(await overview(), await listMetrics(db), await oldestInVain(db))}\n${await own.metrics()}`,
    }));
    return sendRendered(request, reply, rendered);
  });
  done();
}

const OF_MIRROR = ['archive', 'mirror'] as const;

/** Made anew each time, so that a mirror that left is gone from it. */
function networkMetrics(
  { archives, at }: Overview,
  figures: readonly MetricRow[],
  noticeSince: string | undefined,
): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Gauge({ name: `pushmirror_${name}`, help, labelNames, registers });
  const serial = gauge('release_serial', 'Serial of the newest public release.', ['archive']);
  const published = gauge(
    'release_published_timestamp_seconds',
    'When the newest public release was published.',
    ['archive'],
  );
  const expires = gauge(
    'head_expires_timestamp_seconds',
    'When the head of the newest public release expires.',
    ['archive'],
  );
  const held = gauge('rollout_held', 'Whether the newest release is held: 0 or 1.', ['archive']);
  const states = gauge('mirrors', 'Mirrors by what they say of themselves.', ['archive', 'state']);
  const lagSerials = gauge('mirror_lag_releases', 'Releases that a mirror lacks.', OF_MIRROR);
  const lagSeconds = gauge(
    'mirror_lag_seconds',
    'Time since the first release that a mirror lacks became public.',
    OF_MIRROR,
  );
  const current = gauge('mirror_current', 'Whether it says to serve the newest: 0, 1.', OF_MIRROR);
  const seen = gauge('mirror_seen_serial', 'The serial seen at its public address.', OF_MIRROR);
  const seenAt = gauge(
    'mirror_seen_timestamp_seconds',
    'When its public address was last looked at.',
    OF_MIRROR,
  );
  const quarantined = gauge('mirror_quarantined', 'Whether it is quarantined: 0 or 1.', OF_MIRROR);
  const sights = gauge('mirrors_seen', 'Mirrors by what is seen of them.', ['archive', 'state']);
  const failing = gauge('mirror_failing', 'Whether what is seen of it is a failing.', OF_MIRROR);
  const seenLag = gauge(
    'mirror_seen_lag_seconds',
    'Time since the first release that is not seen at it became public.',
    OF_MIRROR,
  );
  const response = gauge('mirror_response_seconds', 'Answer to the newest look.', OF_MIRROR);
  const until = gauge(
    'mirror_certificate_expires_timestamp_seconds',
    'When the certificate that it shows expires.',
    OF_MIRROR,
  );
  const stuck = gauge(
    'notice_stuck_seconds',
    'Since when the oldest notice that was sent in vain waits; 0 when none does.',
    [],
  );
  stuck.set(noticeSince === undefined ? 0 : (at.getTime() - Date.parse(noticeSince)) / 1000);
  const known = new Map(figures.map((row) => [`${row.archive} ${row.mirror}`, row]));
  const completion = gauge('mirror_completion_ratio', 'Looks that found the newest.', OF_MIRROR);
  const availability = gauge('mirror_availability_ratio', 'Looks that were answered.', OF_MIRROR);
  const delay = gauge('mirror_delay_seconds', 'Mean lag over a day.', OF_MIRROR);
  const score = gauge('mirror_score', 'From 0 to 100; /v1/public/definitions has more.', OF_MIRROR);
  const setIf = (
    of: Gauge<'archive' | 'mirror'>,
    labels: { archive: string; mirror: string },
    value: number | null | undefined,
    unit = 1,
  ) => {
    if (value !== null && value !== undefined) of.set(labels, value / unit);
  };
  for (const { name: archive, release, rollout, mirrors } of archives) {
    if (release !== null) {
      serial.set({ archive }, release.serial);
      published.set({ archive }, Date.parse(release.published_at) / 1000);
      expires.set({ archive }, Date.parse(release.expires_at) / 1000);
    }
    held.set({ archive }, rollout !== null && rollout.release.held_at !== null ? 1 : 0);
    for (const one of mirrors) {
      const labels = { archive, mirror: one.mirror };
      states.inc({ archive, state: one.state });
      quarantined.set(labels, one.quarantinedAt === null ? 0 : 1);
      if (one.observed !== null) {
        seenAt.set(labels, one.observed.at.getTime() / 1000);
        if (one.observed.serial !== null) seen.set(labels, one.observed.serial);
      }
      if (one.sight !== null) {
        const { state, lacks_since: since, serial: shown, response_ms: ms } = one.sight;
        const expiry = one.sight.certificate_until;
        const lagMs = since === null ? 0 : at.getTime() - Date.parse(since);
        sights.inc({ archive, state });
        failing.set(labels, FAILINGS.has(state) ? 1 : 0);
        setIf(seenLag, labels, shown === null ? null : Math.max(0, lagMs) / 1000);
        setIf(response, labels, ms, 1000);
        setIf(until, labels, expiry === null ? null : Date.parse(expiry) / 1000);
      }
      const row = known.get(`${archive} ${one.mirror}`);
      setIf(completion, labels, row?.completion, 100);
      setIf(availability, labels, row?.availability, 100);
      setIf(delay, labels, row?.delay_ms, 1000);
      setIf(score, labels, row?.score);
      if (one.state === 'silent' || one.state === 'paused') continue;
      current.set(labels, one.state === 'current' ? 1 : 0);
      lagSerials.set(labels, one.lag?.serials ?? 0);
      lagSeconds.set(labels, (one.lag?.ms ?? 0) / 1000);
    }
  }
  return registry.metrics();
}
