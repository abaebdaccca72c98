import { byName } from '../../monitor/by-name.ts';
import type { ReleaseRow } from '../../db/schema.ts';
import type { PropagationRow } from '../../db/sight-schema.ts';
import type { RolloutOverview } from '../../monitor/overview.ts';
import { definitionOf } from '../../monitor/metrics/definitions.ts';
import type { Receipt } from '../../monitor/receipt.ts';
import type { Tree } from '../../registry/tree.ts';
import { MASTER } from '../../registry/tree.ts';
import { partsOf, type Part } from './archive-card.ts';
import { momentOf, type Moment } from './moment.ts';
import { rolloutSentence, type RolloutSentence } from './rollout-sentence.ts';
import type { Tone } from './row.ts';
import { treeView, type Branch } from './tree-view.ts';
import { bytes, counted, longSpan, number, plain, span } from './words.ts';

/** Everything on a release's page. */
export interface ReleasePage {
  archive: string;
  serial: number;
  at: Moment;
  published: Moment;
  facts: string[];
  sentence: string;
  rollout: RolloutSentence | null;
  parts: Part[];
  waves: { name: string; state: string; tone: Tone; words: string; parts: Part[] }[];
  /** Time until shares of the mirrors had it, by tier, as reported and as seen. */
  spread: { title: string; reached: string; shares: string[] }[];
  spreadMeans: string;
  tree: Branch[];
  receipts: ReceiptLine[];
  found: number;
  pruned: boolean;
  pages: { page: number; count: number; previous: string | null; next: string | null };
}

export interface ReceiptLine {
  mirror: string;
  tier: number;
  wave: string;
  tone: Tone;
  state: string;
  reason: string | null;
  /** Sent, accepted, staged, committed, observed: after how long, and the time in full. */
  steps: { after: string; full: string; iso: string }[];
}

/** What the page needs of a wave, as the API gives it. */
export interface WaveTally {
  name: string;
  state: 'done' | 'now' | 'later' | 'skipped';
  mirrors: { total: number; committed: number; states: Record<string, number> };
}

const STATE_TONES: Record<Receipt['state'], Tone> = {
  waiting: 'quiet',
  sending: 'moving',
  accepted: 'moving',
  staged: 'moving',
  committed: 'good',
  unreachable: 'bad',
  refused: 'bad',
  'given-up': 'bad',
  superseded: 'quiet',
};
const RECEIPT_STATES = Object.keys(STATE_TONES) as Receipt['state'][];
const PER_PAGE = 200;

export function releasePage(
  o: {
    release: ReleaseRow;
    counts: RolloutOverview['counts'];
    waves: readonly WaveTally[];
    receipts: readonly Receipt[];
    spread: readonly PropagationRow[];
    tree: Tree;
    page: number;
  },
  now: Date,
): ReleasePage {
  const { release, receipts } = o;
  const { archive, serial } = release;
  const path = `/archives/${encodeURIComponent(archive)}/releases/${serial}`;
  const count = Math.max(1, Math.ceil(receipts.length / PER_PAGE));
  const page = Math.min(o.page, count);
  const tones = new Map(receipts.map((one) => [one.mirror, STATE_TONES[one.state]]));
  const states = new Map(receipts.map((one) => [one.mirror, one.state]));
  const committed = receipts.filter(({ state }) => state === 'committed').length;
  const observed = receipts.filter(({ observedAt }) => observedAt !== null).length;
  const ordered = receipts.toSorted((a, b) => a.tier - b.tier || byName(a.mirror, b.mirror));
  return {
    archive,
    serial,
    at: momentOf(now, now),
    published: momentOf(release.published_at, now),
    facts: [
      `${counted(release.files, 'file')}, ${bytes(release.bytes)}`,
      `${number(release.changed)} changed, ${number(release.dropped)} dropped`,
      ...(release.urgent === 1 ? ['urgent'] : []),
    ],
    sentence: `${committed} of ${counted(receipts.length, 'mirror')} say that they serve it; at ${observed} it was seen.`,
    rollout: rolloutSentence({ release, counts: o.counts }, now),
    parts: partsOf([...tones.values()]),
    waves: o.waves.map(waveLine),
    spread: o.spread.map(spreadLine),
    spreadMeans: definitionOf('propagation'),
    tree: treeView(o.tree, MASTER, (name) => {
      const tone = tones.get(name);
      return tone === undefined ? undefined : { tone, words: states.get(name) ?? '' };
    }),
    receipts: ordered
      .slice((page - 1) * PER_PAGE, page * PER_PAGE)
      .map((receipt) => receiptLine(receipt, o.waves, new Date(release.published_at))),
    found: receipts.length,
    pruned: release.pruned_at !== null,
    pages: {
      page,
      count,
      previous: page > 1 ? `${path}?page=${page - 1}` : null,
      next: page < count ? `${path}?page=${page + 1}` : null,
    },
  };
}

/** How many have it, and what the others are at. */
function waveLine({ name, state, mirrors }: WaveTally): ReleasePage['waves'][number] {
  const states = RECEIPT_STATES.flatMap((one): [Receipt['state'], number][] => {
    const count = mirrors.states[one] ?? 0;
    return count === 0 ? [] : [[one, count]];
  });
  const others = states
    .filter(([one]) => one !== 'committed')
    .map(([one, count]) => `${number(count)}\u00a0${one}`);
  const have = mirrors.committed === 1 ? 'has' : 'have';
  const words = `${number(mirrors.committed)} of ${counted(mirrors.total, 'mirror')} ${have} it`;
  return {
    name,
    state,
    tone: state === 'done' ? 'good' : state === 'now' ? 'moving' : 'quiet',
    words: [words, ...others].join(', '),
    parts: partsOf(states.flatMap(([one, count]) => Array<Tone>(count).fill(STATE_TONES[one]))),
  };
}

function spreadLine(row: PropagationRow): ReleasePage['spread'][number] {
  const who = row.tier === 0 ? 'all tiers' : `tier ${row.tier}`;
  return {
    title: `${row.basis === 'committed' ? 'reported' : 'seen'}, ${who}`,
    reached: `${row.reached} of ${row.mirrors}`,
    shares: [row.p50_ms, row.p90_ms, row.p95_ms, row.p100_ms].map((ms) =>
      ms === null ? '–' : span(ms),
    ),
  };
}

function receiptLine(receipt: Receipt, waves: readonly WaveTally[], published: Date): ReceiptLine {
  const { sentAt, acceptedAt, stagedAt, committedAt, observedAt } = receipt;
  return {
    mirror: receipt.mirror,
    tier: receipt.tier,
    wave: receipt.wave === null ? '–' : (waves[receipt.wave]?.name ?? 'all'),
    tone: STATE_TONES[receipt.state],
    state: receipt.leftBehindAt === null ? receipt.state : `${receipt.state}, left behind`,
    reason: receipt.reason === null ? null : plain(receipt.reason),
    steps: [sentAt, acceptedAt, stagedAt, committedAt, observedAt].map((at) =>
      at === null
        ? { after: '–', full: '', iso: '' }
        : {
            after: `+${longSpan(new Date(at).getTime() - published.getTime())}`,
            full: at,
            iso: at,
          },
    ),
  };
}
