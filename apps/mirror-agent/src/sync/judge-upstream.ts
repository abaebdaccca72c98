import { compareHeads, parseHead, type SignedHead } from '@pushmirror/trigger';
import type { UpstreamView } from './upstream.ts';

/** What an upstream's own word means for the head we are after. */
export type UpstreamVerdict =
  /** It is at our goal's release: what we claim afterwards is our goal. */
  | { verdict: 'at-goal' }
  /** It shows a head that we have not accepted yet: newer than our goal, or the first. */
  | { verdict: 'ask'; signed: SignedHead }
  /** It shows no head; its serial is beyond our goal, or there is none. */
  | { verdict: 'headless'; serial?: number }
  | { verdict: 'unusable'; reason: string };

/** Decide by a look whether an upstream can bring us to `goal`. The url is for the sentences. */
export function judgeUpstream(
  url: string,
  view: UpstreamView,
  goal: SignedHead | undefined,
): UpstreamVerdict {
  if (view.changing && view.inProgress.length === 0) {
    const reason = `upstream ${url} stands between two releases: its last sync did not finish`;
    return { verdict: 'unusable', reason };
  }
  return view.head === undefined ? judgeSerial(url, view, goal) : judgeHead(url, view.head, goal);
}

/** The same release as before: a head that was only issued again counts as the same. */
export function sameRelease(before: UpstreamView, after: UpstreamView): boolean {
  if (before.head === undefined || after.head === undefined) {
    if (before.head !== after.head) return false;
    const [a, b] = [before.masterTrace, after.masterTrace];
    return a === undefined || b === undefined ? a === b : a.equals(b);
  }
  const [a, b] = [tryParse(before.head), tryParse(after.head)];
  return a !== undefined && b !== undefined && isSameRelease(a, b);
}

/** Two heads of one release: same archive, same serial, same content. */
export function isSameRelease(a: SignedHead, b: SignedHead): boolean {
  const { network, archive, epoch, serial, manifest } = a.head;
  return (
    network === b.head.network &&
    archive === b.head.archive &&
    epoch === b.head.epoch &&
    serial === b.head.serial &&
    manifest?.sha256 === b.head.manifest?.sha256
  );
}

function judgeHead(url: string, bytes: Buffer, goal: SignedHead | undefined): UpstreamVerdict {
  const signed = tryParse(bytes);
  if (signed === undefined) {
    return { verdict: 'unusable', reason: `upstream ${url} shows a head that cannot be read` };
  }
  if (goal === undefined) return { verdict: 'ask', signed };
  const { network, archive } = goal.head;
  if (signed.head.network !== network || signed.head.archive !== archive) {
    const what = `${signed.head.archive} of ${signed.head.network}`;
    const reason = `upstream ${url} serves ${what}, not ${archive} of ${network}: correct the URL`;
    return { verdict: 'unusable', reason };
  }
  const order = compareHeads(goal, signed);
  if (order === 'rollback') return stillAt(url, signed.head.serial, goal);
  if (order === 'equivocation') {
    const reason = `upstream ${url} shows another manifest for serial ${goal.head.serial} than the head we accepted`;
    return { verdict: 'unusable', reason };
  }
  return isSameRelease(signed, goal) ? { verdict: 'at-goal' } : { verdict: 'ask', signed };
}

/** With a goal only our own serials count: an archive made by dak has others, in the same form. */
function judgeSerial(
  url: string,
  view: UpstreamView,
  goal: SignedHead | undefined,
): UpstreamVerdict {
  if (goal === undefined) {
    const serial = Number(view.archiveSerial);
    return Number.isSafeInteger(serial) && serial >= 1
      ? { verdict: 'headless', serial }
      : { verdict: 'headless' };
  }
  const { network, archive, serial: wanted } = goal.head;
  const { release } = view;
  if (release === undefined || release.network !== network || release.archive !== archive) {
    const reason = `upstream ${url} shows neither a head nor a serial of ${archive} of ${network}`;
    return { verdict: 'unusable', reason: `${reason}: it is not at ${wanted} yet` };
  }
  const { serial } = release;
  if (serial > wanted) return { verdict: 'headless', serial };
  return serial === wanted ? { verdict: 'at-goal' } : stillAt(url, serial, goal);
}

function stillAt(url: string, serial: number, goal: SignedHead): UpstreamVerdict {
  const reason = `upstream ${url} is still at serial ${serial}, not yet at ${goal.head.serial}`;
  return { verdict: 'unusable', reason };
}

function tryParse(bytes: Buffer): SignedHead | undefined {
  try {
    return parseHead(bytes);
  } catch {
    return undefined;
  }
}
