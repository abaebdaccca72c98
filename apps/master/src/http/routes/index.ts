import type { FastifyInstance } from 'fastify';
import { createCountryOf } from '../../geo/client-country.ts';
import { createPageCache } from '../page/cache.ts';
import { createSharedOverview } from '../page/pages.ts';
import { hiddenArchives } from '../../access/may.ts';
import { hiddenFromCallers, readRules } from '../read-rules.ts';
import { accessRoutes } from './access.ts';
import { aclRoutes, type AclNeeds } from './acl.ts';
import { archiveRoutes, type ArchiveNeeds } from './archives.ts';
import { atomRoutes } from './atom.ts';
import { auditRoutes } from './audit.ts';
import { badgeRoutes } from './badges.ts';
import { deskRoutes } from './desk.ts';
import { downstreamRoutes, type DownstreamNeeds } from './downstreams.ts';
import { eventRoutes, type EventNeeds } from './events.ts';
import { headRoutes } from './heads.ts';
import { healthRoutes, type HealthNeeds } from './health.ts';
import { inviteRoutes } from './invites.ts';
import { listRoutes } from './lists.ts';
import { metricRoutes } from './metrics.ts';
import { mirrorzRoutes } from './mirrorz.ts';
import { mirrorSettingsRoutes, type MirrorSettingsNeeds } from './mirror-settings.ts';
import { manageRoutes, type ManageNeeds } from './manage.ts';
import { keyRoutes, type KeyNeeds } from './keys.ts';
import { mirrorRoutes, type MirrorNeeds } from './mirrors.ts';
import { mirrorNoticeRoutes } from './mirror-notices.ts';
import { noticeRoutes, type NoticeNeeds } from './notices.ts';
import { pageRoutes, type PageNeeds } from './page.ts';
import { policyRoutes, type PolicyNeeds } from './policies.ts';
import { publicRoutes } from './public.ts';
import { publicArchiveRoutes } from './public-archives.ts';
import { publicPastRoutes } from './public-past.ts';
import { pullRoutes, type PullNeeds } from './pulls.ts';
import { receiptRoutes } from './receipts.ts';
import { registrationRoutes, type RegistrationNeeds } from './registrations.ts';
import { releaseRoutes, type ReleaseNeeds } from './releases.ts';
import { reportRoutes, type ReportNeeds } from './reports.ts';
import { rolloutRoutes, type RolloutNeeds } from './rollouts.ts';
import { statusRoutes } from './status.ts';
import { tokenRoutes } from './tokens.ts';
import { vantageRoutes, type VantageNeeds } from './vantage.ts';

/** What all routes together are given. */
export type RouteNeeds = AclNeeds &
  ArchiveNeeds &
  DownstreamNeeds &
  Omit<EventNeeds, 'hiddenFrom'> &
  HealthNeeds &
  KeyNeeds &
  ManageNeeds &
  MirrorNeeds &
  MirrorSettingsNeeds &
  NoticeNeeds &
  PageNeeds &
  PullNeeds &
  PolicyNeeds &
  RegistrationNeeds &
  ReleaseNeeds &
  ReportNeeds &
  RolloutNeeds &
  VantageNeeds;

/** Every route of the master. */
export async function routes(app: FastifyInstance, needs: RouteNeeds): Promise<void> {
  await app.register(healthRoutes, needs);
  const cache = createPageCache(needs.now);
  needs.feed.onAdd(cache.changed);
  app.addHook('onSend', async ({ method }) => {
    if (method !== 'GET' && method !== 'HEAD') cache.changed();
  });
  app.addHook('preHandler', readRules(needs.access, needs.auth, needs.now));
  const shown = createSharedOverview({ ...needs, changes: cache.changes });
  const overview = async () => {
    const hidden = hiddenArchives(await needs.access.policy(), needs.now());
    const all = await shown();
    if (hidden.size === 0) return all;
    return { ...all, archives: all.archives.filter(({ name }) => !hidden.has(name)) };
  };
  const publicUrl = () => needs.facts().url;
  const shared = { ...needs, cache, overview, publicUrl, countryOf: createCountryOf() };
  await app.register(pageRoutes, shared);
  await app.register(statusRoutes, shared);
  await app.register(publicRoutes, shared);
  await app.register(publicArchiveRoutes, shared);
  await app.register(publicPastRoutes, shared);
  await app.register(badgeRoutes, shared);
  await app.register(atomRoutes, shared);
  await app.register(metricRoutes, shared);
  await app.register(mirrorzRoutes, shared);
  await app.register(listRoutes, shared);
  await app.register(deskRoutes, shared);
  await app.register(archiveRoutes, needs);
  await app.register(headRoutes, needs);
  await app.register(policyRoutes, needs);
  await app.register(releaseRoutes, needs);
  await app.register(receiptRoutes, needs);
  await app.register(rolloutRoutes, needs);
  await app.register(eventRoutes, {
    ...needs,
    hiddenFrom: hiddenFromCallers(needs.access, needs.auth, needs.now),
  });
  await app.register(mirrorRoutes, needs);
  await app.register(mirrorSettingsRoutes, needs);
  await app.register(downstreamRoutes, needs);
  await app.register(vantageRoutes, needs);
  await app.register(pullRoutes, needs);
  await app.register(accessRoutes, needs);
  await app.register(aclRoutes, needs);
  await app.register(keyRoutes, needs);
  await app.register(reportRoutes, needs);
  await app.register(tokenRoutes, needs);
  await app.register(auditRoutes, needs);
  await app.register(registrationRoutes, needs);
  await app.register(inviteRoutes, needs);
  await app.register(manageRoutes, needs);
  await app.register(noticeRoutes, needs);
  await app.register(mirrorNoticeRoutes, needs);
  app.get('/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
