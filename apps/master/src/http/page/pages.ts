import { byName } from '../../monitor/by-name.ts';
import { pushErrors, pushHistory } from '../../db/history.ts';
import { findMirror, listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { countWaves } from '../../db/pushes.ts';
import { listMetrics, listPropagation, listSums } from '../../db/probe-sums.ts';
import { listReceipts } from '../../db/receipts.ts';
import { findRelease, listReleases } from '../../db/releases.ts';
import { listSightErrors, listSightings, MASTER_VANTAGE } from '../../db/sightings.ts';
import { MasterError } from '../../errors.ts';
import type { Overview } from '../../monitor/overview.ts';
import { readOverview } from '../../monitor/overview.ts';
import { readPropagation } from '../../monitor/read-propagation.ts';
import { receiptOf } from '../../monitor/receipt.ts';
import { treeOf } from '../../registry/tree.ts';
import { wavesView } from '../routes/views.ts';
import { archivePage, type KnownRelease } from './archive-page.ts';
import type { PageCache, Rendered } from './cache.ts';
import { mirrorPage } from './mirror-page.ts';
import { networkPage } from './network-page.ts';
import { releasePage } from './release-page.ts';
import { renderPage, type Frame } from './render.ts';
import { readQuery } from './table.ts';

/** The public pages, finished. `query` is whatever stood in the address. */
export interface Pages {
  network(query: unknown): Promise<Rendered>;
  /** @throws MasterError `unknown-archive` */
  archive(name: string, query: unknown): Promise<Rendered>;
  /** @throws MasterError `unknown-release` */
  release(of: { archive: string; serial: string }, query: unknown): Promise<Rendered>;
  /** @throws MasterError `unknown-mirror` */
  mirror(name: string): Promise<Rendered>;
  /** A page with one sentence, such as that there is no such mirror. */
  message(text: string): string;
}

export interface PagesOptions {
  db: Db;
  network: string;
  now: () => Date;
  cache: PageCache;
  /** The network as it is, read at most once for what many pages show. */
  overview: () => Promise<Overview>;
}

const EVENTS = '/v1/events';
const RELEASES_SHOWN = 40;
const MOST_RECEIPTS = 10_000;
/** Tiers, twice. */
const MOST_SPREAD = 64;
const HISTORY = 60;
const ERRORS = 12;

export function createPages({ db, network, now, cache, overview }: PagesOptions): Pages {
  const finish = async (name: string, title: string, model: object, more: Partial<Frame> = {}) => {
    // Not those that only some may read about.
    const archives = (await overview()).archives.map((archive) => archive.name);
    const frame = { network, archives, title: `${title} – ${network} mirror network`, ...more };
    return { type: 'text/html; charset=utf-8', text: renderPage(name, model, frame) };
  };

  return {
    message: (text) =>
      renderPage('message', { title: 'Not here', text }, { network, archives: [], title: network }),

    network(query) {
      const asked = readQuery(query);
      return cache.get(`network ${JSON.stringify(asked)}`, async () => {
        const model = networkPage(await overview(), asked);
        return finish('network', model.health.sentence, model, {
          live: EVENTS,
          feed: '/feed.atom',
        });
      });
    },

    archive(name, query) {
      const asked = readQuery(query);
      return cache.get(`archive ${name} ${JSON.stringify(asked)}`, async () => {
        const { archives } = await overview();
        const archive = archives.find((one) => one.name === name);
        if (archive === undefined) {
          throw new MasterError('unknown-archive', 'There is no such archive.');
        }
        const model = archivePage(archive, await knownReleases(db, name), asked, now());
        return finish('archive', name, model, {
          live: `${EVENTS}?archive=${encodeURIComponent(name)}`,
          feed: `/archives/${encodeURIComponent(name)}/feed.atom`,
        });
      });
    },

    release({ archive, serial }, query) {
      const { page } = readQuery(query);
      return cache.get(`release ${archive} ${serial} ${page}`, async () => {
        const number = /^\d{1,15}$/.test(serial) ? Number(serial) : 0;
        const release = await findRelease(db, archive, number);
        if (release === undefined) {
          throw new MasterError('unknown-release', 'There is no such release of such an archive.');
        }
        const tree = treeOf(await listMirrors(db));
        const counts = await countWaves(db, release);
        const of = { archive, serial: number, after: '', limit: MOST_RECEIPTS };
        const receipts = (await listReceipts(db, of)).map((row) =>
          receiptOf(row, number, tree.tier(row.mirror)),
        );
        const waves = wavesView(release, counts);
        const spread = await listPropagation(db, { archive, serial: number, limit: MOST_SPREAD });
        const facts = { release, counts, waves, receipts, spread, tree, page };
        const model = releasePage(facts, now());
        const live = `${EVENTS}?archive=${encodeURIComponent(archive)}&serial=${number}`;
        return finish('release', `${archive} ${number}`, model, { live });
      });
    },

    mirror(name) {
      return cache.get(`mirror ${name}`, async () => {
        const mirror = await findMirror(db, name);
        if (mirror === undefined || mirror.state === 'left') {
          throw new MasterError('unknown-mirror', 'There is no such mirror.');
        }
        const tree = treeOf(await listMirrors(db));
        const { archives } = await overview();
        const standings = archives.flatMap(({ mirrors, release }) =>
          mirrors
            .filter((standing) => standing.mirror === name)
            .map((standing) => ({ standing, newest: release?.serial ?? null })),
        );
        // Others may be such as not everybody may read about.
        const shown = new Set(standings.map(({ standing }) => standing.archive));
        const ofThese = <T extends { archive: string }>(rows: readonly T[]) =>
          rows.filter(({ archive }) => shown.has(archive));
        const facts = {
          mirror,
          standings,
          tier: tree.tier(name),
          downstreams: tree.downstreams(name).toSorted(byName),
          history: await pushHistory(db, name, HISTORY),
          errors: ofThese(await pushErrors(db, name, ERRORS)),
          sightings: await listSightings(db, { mirror: name, vantage: MASTER_VANTAGE }),
          days: await listSums(db, 'probe_day', { since: twoWeeksBefore(now()), mirror: name }),
          metrics: await listMetrics(db, { mirror: name }),
          sightErrors: ofThese(await listSightErrors(db, name)),
        };
        return finish('mirror', name, mirrorPage(facts, now()), {
          live: EVENTS,
          feed: `/mirrors/${encodeURIComponent(name)}/feed.atom`,
        });
      });
    },
  };
}

function twoWeeksBefore(now: Date): string {
  return new Date(now.getTime() - 14 * 86_400_000).toISOString().slice(0, 10);
}

/** The newest releases, with how fast each got around. */
async function knownReleases(db: Db, archive: string): Promise<KnownRelease[]> {
  const releases = await listReleases(db, { archive, limit: RELEASES_SHOWN });
  const propagation = await readPropagation(db, archive, releases);
  return releases.map((release) => ({
    ...release,
    propagation: propagation.get(release.serial) ?? null,
  }));
}

const OVERVIEW_MS = 1_000;

/** Reads the network once for all who ask within a second, as long as nothing changes. */
export function createSharedOverview(o: {
  db: Db;
  now: () => Date;
  changes: () => number;
}): () => Promise<Overview> {
  let last: { at: number; change: number; overview: Promise<Overview> } | undefined;
  return () => {
    const [at, change] = [o.now().getTime(), o.changes()];
    if (last?.change === change && at - last.at < OVERVIEW_MS) return last.overview;
    const overview = readOverview(o.db, o.now());
    last = { at, change, overview };
    overview.catch(() => (last = undefined));
    return overview;
  };
}
