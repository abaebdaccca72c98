import type { ContentFound, Look } from '@pushmirror/probe';
import type { Head, SignedHead } from '@pushmirror/trigger/head/head';
import type { Refused, Vetted } from '@pushmirror/trigger/receive/vet';
import { parseTrace, type TraceFile } from '@pushmirror/trace';
import { lagOf, type Lag } from '../lag.ts';
import { SIGHT_STATES, type SightState } from './states.ts';

/** A release, as far as a head can be held against it. */
export interface KnownRelease {
  epoch: number;
  serial: number;
  manifestSha256: string | null;
  expiresAt: Date;
  /** Null while its head is not public. */
  publicAt: Date | null;
}

/** What the master knows of an archive and of one of its mirrors. */
export interface Known {
  /** What a head itself is worth: `vetHead` with this network, archive and signers. */
  vet: (head: Buffer, at: Date) => Vetted<SignedHead> | Refused;
  /** Of the archive, oldest first. */
  releases: readonly KnownRelease[];
  /** A stock ftpsync mirror need not have a head: its trace file speaks for it. */
  kind: 'agent' | 'ftpsync';
  /** But not where another program, such as dak, counts the archive's serials. */
  foreignTrace?: boolean;
  /** The release that it last said to serve, when it said so before the look. */
  claimed: number | null;
  /** The highest release that it was ever seen to show. */
  highest: { epoch: number; serial: number } | null;
  /** Since when it is seen to be updating, if it is. */
  updatingSince: Date | null;
}

/** What a mirror is found to be. */
export interface Verdict {
  state: SightState;
  /** One sentence; null of one that is fresh. */
  reason: string | null;
  basis: 'head' | 'trace' | null;
  shown: { epoch: number; serial: number } | null;
  lag: Lag | null;
  trace: TraceFile | null;
}

/** For so long a mark that the tree is being changed explains what is not as it should be. */
const LONGEST_UPDATE_MS = 6 * 3_600_000;

/**
 * Judge what was seen by serials and signatures. Several heads over several ways: the worst one
 * counts, since some readers get it. Nothing is held against a mirror that a cache before it answers
 * otherwise than the mirror itself: then only its lag counts, as readers have it.
 */
export function verdictOf(look: Look, known: Known): Verdict {
  const trace = look.trace === null ? null : parseTrace(look.trace.toString('utf8'));
  const first = judgeAll(look, look.heads, look.content, trace, known);
  const { again } = look;
  // What did not answer past the caches says nothing of them.
  const isSettled = again === null || (again.heads.length === 0 && look.heads.length > 0);
  const verdict =
    isSettled || first.state === 'fresh'
      ? first
      : pastCache(first, judgeAll(look, again.heads, again.content, trace, known));
  return { ...excuse(verdict, look, known), trace };
}

/** Whether it is worth to ask again, past the caches. */
export function isDoubtful(look: Look, known: Known): boolean {
  const { state } = verdictOf(look, known);
  return state !== 'fresh' && state !== 'unreachable' && state !== 'certificate';
}

type Judged = Omit<Verdict, 'trace'>;

function judgeAll(
  look: Look,
  heads: readonly Buffer[],
  content: ContentFound | null,
  trace: TraceFile | null,
  known: Known,
): Judged {
  const silent = whySilent(look);
  if (silent !== undefined) return { ...NOTHING, ...silent };
  const judged = heads
    .map((head) => judgeHead(head, look.at, known))
    .flatMap((one) => (one === undefined ? [] : one));
  if (judged.length === 0) return judgeTrace(trace, look, known);
  return judged.map((one) => withContent(one, content)).reduce(worst);
}

const NOTHING = { reason: null, basis: null, shown: null, lag: null } as const;

/** Of the ways that the operator registered: when none answers. */
function whySilent({ endpoints }: Look): { state: SightState; reason: string } | undefined {
  const web = endpoints.filter(
    ({ state, protocol }) => state !== 'not-offered' && protocol !== 'rsync',
  );
  const counted = web.length > 0 ? web : endpoints;
  if (counted.some(({ state }) => state === 'ok')) return undefined;
  const bad = counted.find(({ state }) => state === 'certificate');
  const reason = (bad ?? counted[0])?.reason ?? 'It has no address at which it could be looked at.';
  return { state: bad === undefined ? 'unreachable' : 'certificate', reason };
}

/** Undefined of a page that a stock mirror shows in place of a head. */
function judgeHead(bytes: Buffer, at: Date, known: Known): Judged | undefined {
  const vetted = known.vet(bytes, at);
  if (vetted.verdict === 'vetted') return judgeSerial(vetted.signed.head, known, at);
  const { refusal, reason } = vetted;
  const head = vetted.signed?.head;
  // From the future: rightly signed by a clock that is ahead; the serial is what counts.
  if (refusal === 'future' && head !== undefined) return judgeSerial(head, known, at);
  if (refusal === 'expired' && head !== undefined) return frozen(head, reason, known, at);
  if (refusal === 'malformed' && known.kind === 'ftpsync') return undefined;
  return { ...NOTHING, state: 'unsigned', reason };
}

/** Expired: frozen, unless that is true of the master's own head. */
function frozen(head: Head, reason: string, known: Known, at: Date): Judged {
  const judged = judgeSerial(head, known, at);
  const newest = newestPublic(known);
  const alsoOurs = newest !== undefined && newest.expiresAt <= at;
  return alsoOurs ? judged : worst(judged, { ...judged, state: 'frozen', reason });
}

function judgeSerial(head: Head, known: Known, at: Date): Judged {
  const { epoch, serial } = head;
  const shown = { epoch, serial };
  const base = { basis: 'head' as const, shown, lag: lagBehind(serial, known, at) };
  const release = known.releases.find((one) => one.serial === serial && one.epoch === epoch);
  if (release === undefined && !isForgotten(head, known)) {
    const reason = `It shows a head of ${serial} that is signed, and which the master never published.`;
    return { ...base, state: 'equivocating', reason };
  }
  if (release !== undefined && (head.manifest?.sha256 ?? null) !== release.manifestSha256) {
    const reason = `It shows a signed head of ${serial} with another manifest than the one published.`;
    return { ...base, state: 'equivocating', reason };
  }
  return { ...base, ...judgeOrder(shown, base.lag, known) };
}

/** Older than all that is known. */
function isForgotten(head: Head, { releases: [oldest] }: Known): boolean {
  return oldest !== undefined && isLower(head, oldest);
}

/** An older release than it showed, than it reports, or than the newest. */
function judgeOrder(
  shown: { epoch: number; serial: number },
  lag: Lag | null,
  { highest, claimed }: Known,
): { state: SightState; reason: string | null } {
  const { serial } = shown;
  if (highest !== null && isLower(shown, highest)) {
    const reason = `It shows ${serial}, and showed ${highest.serial} before.`;
    return { state: 'rolled-back', reason };
  }
  if (claimed !== null && serial < claimed) {
    return { state: 'contradicting', reason: `It reports ${claimed} and shows ${serial}.` };
  }
  if (lag === null) return { state: 'fresh', reason: null };
  return { state: 'behind', reason: behindWords(serial, lag) };
}

/** By `Archive serial`, which says less than a head: no one has signed it. */
function judgeTrace(trace: TraceFile | null, look: Look, known: Known): Judged {
  const serial = serialOf(trace);
  if (known.kind === 'agent' || serial === undefined) {
    return { ...NOTHING, state: 'empty', reason: whyEmpty(trace, look, known) };
  }
  if (known.foreignTrace === true) {
    const reason = `It shows no head, and ${serial} in its trace file is a serial of another program.`;
    return { ...NOTHING, state: 'empty', reason };
  }
  const release = known.releases.find((one) => one.serial === serial);
  const lag = lagBehind(serial, known, look.at);
  const shown = release === undefined ? null : { epoch: release.epoch, serial };
  const base = { basis: 'trace' as const, shown, lag };
  if (shown !== null) return { ...base, ...judgeOrder(shown, lag, known) };
  const reason = `Its trace file names ${serial}, which the master never published.`;
  return { ...base, state: 'empty', reason };
}

function whyEmpty(trace: TraceFile | null, { evidence, endpoints }: Look, known: Known): string {
  const head = evidence.find(({ what, error }) => what === 'head' && error === null);
  const said =
    head?.status === null || head?.status === undefined
      ? 'It shows no head'
      : `For the head it answers ${head.status}`;
  if (known.kind === 'agent') return `${said}.`;
  if (endpoints.every(({ protocol }) => protocol === 'rsync')) return `${said}.`;
  return trace === null
    ? `${said}, and there is no trace file of its name.`
    : `${said}, and its trace file has no archive serial.`;
}

function serialOf(trace: TraceFile | null): number | undefined {
  const digits = trace?.archiveSerial ?? '';
  return /^[1-9]\d{0,15}$/.test(digits) && Number(digits) <= Number.MAX_SAFE_INTEGER
    ? Number(digits)
    : undefined;
}

function withContent(judged: Judged, content: ContentFound | null): Judged {
  if (content === null) return judged;
  const { index, sample, reason } = content;
  const lacks = index === 'missing' && sample !== 'right';
  if (index !== 'wrong' && sample !== 'wrong' && !lacks) return judged;
  return worst(judged, { ...judged, state: 'wrong-content', reason });
}

/** Asked past the caches it was something else: the mirror itself is not to blame. */
function pastCache(first: Judged, again: Judged): Judged {
  if (again.state === first.state || again.state === 'unreachable') return first;
  if (rank(again.state) > rank('behind')) return again;
  const cached = 'a cache before it answers with what is older';
  if (first.lag !== null && first.shown !== null) {
    const reason = `Itself it is ${again.state}; ${cached}: ${first.shown.serial}.`;
    return { ...first, state: 'behind', reason };
  }
  const itself = again.reason?.replace(/\.$/, '') ?? 'Itself it is fresh';
  return { ...again, state: 'behind', reason: `${itself}; ${cached}.` };
}

/** While its tree is being changed, it may show anything but what is wrongly signed. */
function excuse(verdict: Judged, look: Look, known: Known): Judged {
  const since = known.updatingSince ?? look.at;
  const isLong = look.at.getTime() - since.getTime() >= LONGEST_UPDATE_MS;
  const excusable = EXCUSABLE.has(verdict.state);
  if (!look.updating || isLong || !excusable) return verdict;
  return { ...verdict, state: 'updating', reason: 'Its tree is being changed.' };
}

const EXCUSABLE: ReadonlySet<SightState> = new Set([
  'behind',
  'empty',
  'contradicting',
  'wrong-content',
]);

function worst(a: Judged, b: Judged): Judged {
  return rank(b.state) > rank(a.state) ? b : a;
}

function rank(state: SightState): number {
  return SIGHT_STATES.indexOf(state);
}

function isLower(
  a: { epoch: number; serial: number },
  b: { epoch: number; serial: number },
): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.serial < b.serial);
}

function newestPublic({ releases }: Known): KnownRelease | undefined {
  return releases.findLast(({ publicAt }) => publicAt !== null);
}

function lagBehind(serial: number, { releases }: Known, now: Date): Lag | null {
  const open = releases.flatMap((one) =>
    one.publicAt === null ? [] : [{ serial: one.serial, publishedAt: one.publicAt }],
  );
  return lagOf(open, serial, now) ?? null;
}

function behindWords(serial: number, { serials, since }: Lag): string {
  const lacks = serials === 1 ? 'one newer is' : `${serials} newer ones are`;
  return `It shows ${serial}; ${lacks} out since ${since.toISOString()}.`;
}
