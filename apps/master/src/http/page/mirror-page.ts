import { HEAD_PATH } from '@pushmirror/trigger/head/head';
import { countryName } from '../../geo/iso-3166.ts';
import type { MirrorRow } from '../../db/schema.ts';
import type { MetricRow, ProbeSumRow, SightErrorRow, SightingRow } from '../../db/sight-schema.ts';
import type { MirrorStanding } from '../../monitor/overview.ts';
import { namesOf } from '../../monitor/probe/prober.ts';
import { SIGHT_WORDS } from '../../monitor/probe/states.ts';
import { publicAddress } from '../../monitor/public-address.ts';
import { timeChart, type Chart } from './chart.ts';
import { momentOf, type Moment } from './moment.ts';
import { probed, type Probed } from './probed.ts';
import { rowOf, type Row } from './row.ts';
import { plain } from './words.ts';

/** Everything on a mirror's page. */
export interface MirrorPage {
  name: string;
  at: Moment;
  state: string | null;
  quarantined: (Moment & { reason: string | null }) | null;
  country: string | null;
  facts: { title: string; text: string }[];
  links: { title: string; href: string }[];
  upstream: string | null;
  downstreams: string[];
  /** One an archive: what it says beside what was seen, with where that was looked at. */
  archives: (Row & { url: string | null; traceUrl: string | null; probed: Probed })[];
  delays: { archive: string; chart: Chart }[];
  errors: { archive: string; reason: string; count: number; last: Moment }[];
}

export interface MirrorFacts {
  mirror: MirrorRow;
  standings: readonly { standing: MirrorStanding; newest: number | null }[];
  /** Of the master's own probe, over all archives. */
  sightings: readonly SightingRow[];
  days: readonly ProbeSumRow[];
  metrics: readonly MetricRow[];
  sightErrors: readonly SightErrorRow[];
  tier: number;
  downstreams: readonly string[];
  history: readonly {
    archive: string;
    serial: number;
    published_at: string;
    committed_at: string | null;
  }[];
  errors: readonly { archive: string; reason: string; count: number; last: string }[];
}

export function mirrorPage(facts: MirrorFacts, now: Date): MirrorPage {
  const { mirror, standings } = facts;
  const archives = standings.map(({ standing }) => standing.archive);
  return {
    name: mirror.name,
    at: momentOf(now, now),
    state: mirror.state === 'active' ? null : `${mirror.state}${because(mirror.state_reason)}`,
    quarantined:
      mirror.quarantined_at === null
        ? null
        : {
            ...momentOf(mirror.quarantined_at, now),
            reason: mirror.quarantine_reason === null ? null : plain(mirror.quarantine_reason),
          },
    country: mirror.country === null ? null : countryName(mirror.country),
    facts: detailsOf(mirror, facts.tier),
    links: linksOf(mirror),
    upstream: mirror.upstream,
    downstreams: [...facts.downstreams],
    archives: standings.map(({ standing, newest }) => {
      const row = rowOf(standing, newest, now);
      const address = publicAddress(mirror, standing.archive, archives);
      const its = (one: { archive: string }) => one.archive === standing.archive;
      const known = {
        sighting: facts.sightings.find(its),
        days: facts.days.filter(its),
        metric: facts.metrics.find(its),
      };
      const traceUrl = address?.by === 'http' ? traceUrlOf(mirror, address.url) : null;
      return { ...row, url: address?.url ?? null, traceUrl, probed: probed(known, now) };
    }),
    delays: archives.flatMap((archive) => {
      const chart = delayChart(facts.history.filter((one) => one.archive === archive));
      return chart === undefined ? [] : [{ archive, chart }];
    }),
    errors: [
      ...facts.errors,
      ...facts.sightErrors.map(({ archive, state, count, last_at: last, last_reason: reason }) => ({
        archive,
        reason: `seen: ${SIGHT_WORDS[state]}. ${reason}`,
        count,
        last,
      })),
    ]
      .toSorted((a, b) => (a.last < b.last ? 1 : -1))
      .map((one) => ({ ...one, reason: plain(one.reason), last: momentOf(one.last, now) })),
  };
}

function because(reason: string | null): string {
  return reason === null || reason === '' ? '' : `: ${plain(reason)}`;
}

function detailsOf(mirror: MirrorRow, tier: number): MirrorPage['facts'] {
  const known: [string, string | null][] = [
    ['Tier', String(tier)],
    ['Software', mirror.kind === 'agent' ? 'pushmirror agent' : 'stock ftpsync'],
    ['Country', mirror.country === null ? null : countryName(mirror.country)],
    ['Sponsor', mirror.sponsor],
    ['Bandwidth', mirror.bandwidth],
    ['Contact', mirror.contact_public === 1 ? mirror.contact : null],
    ['In the network since', mirror.added_at.slice(0, 10)],
  ];
  return known.flatMap(([title, text]) => (text === null ? [] : [{ title, text: plain(text) }]));
}

/** Only addresses of the web are links; anything else that was written there is left out. */
function linksOf({ http_url: web, rsync_url: rsync }: MirrorRow): MirrorPage['links'] {
  const links: MirrorPage['links'] = [];
  if (web !== null && /^https?:\/\//.test(web) && URL.canParse(web)) {
    links.push({ title: web.startsWith('https:') ? 'HTTPS' : 'HTTP', href: web });
  }
  if (rsync !== null && rsync.startsWith('rsync://')) links.push({ title: 'rsync', href: rsync });
  return links;
}

/** Beside the head, of the archive that the head is of. */
function traceUrlOf(mirror: MirrorRow, headUrl: string): string {
  const folder = headUrl.slice(0, -HEAD_PATH.length);
  return `${folder}project/trace/${encodeURIComponent(namesOf(mirror).traceName)}`;
}

function delayChart(newestFirst: MirrorFacts['history']): Chart | undefined {
  const history = newestFirst.toReversed();
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined || history.length < 2) return undefined;
  const values = history.map(({ published_at: from, committed_at: to }) =>
    to === null ? null : Math.max(0, new Date(to).getTime() - new Date(from).getTime()),
  );
  return timeChart([{ name: 'publish to commit', tone: 'good', values }], {
    from: String(first.serial),
    to: String(last.serial),
  });
}
