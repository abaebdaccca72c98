/** What a probe finds a mirror to be, by serials and signatures, never by timestamps of files. */
export type SightState =
  /** It shows the newest public release, and what was sampled of it is right. */
  | 'fresh'
  /** It shows an older release, and that one rightly. */
  | 'behind'
  /** A sync is under way there: its tree stands between two releases. */
  | 'updating'
  /** It answers, and shows nothing by which it could be judged: neither head nor trace file. */
  | 'empty'
  /** It answers, but its certificate or TLS is not in order. */
  | 'certificate'
  /** It does not answer. */
  | 'unreachable'
  /** Its head has expired: nothing has reached it since. */
  | 'frozen'
  /** It shows an older release than it did before. */
  | 'rolled-back'
  /** It reports one release and shows an older one. */
  | 'contradicting'
  /** Its head is not signed by this network. */
  | 'unsigned'
  /** A head that is rightly signed, and says something else than the release of that serial. */
  | 'equivocating'
  /** Files of the release that it shows are not as the manifest says. */
  | 'wrong-content';

/** From the best to the worst: the order in which one outweighs another. */
export const SIGHT_STATES: readonly SightState[] = [
  'fresh',
  'updating',
  'behind',
  'empty',
  'certificate',
  'unreachable',
  'frozen',
  'contradicting',
  'rolled-back',
  'unsigned',
  'wrong-content',
  'equivocating',
];

/** The states in words, as they stand on the page. */
export const SIGHT_WORDS: Record<SightState, string> = {
  fresh: 'fresh',
  updating: 'update in progress',
  behind: 'behind',
  empty: 'shows no release',
  certificate: 'certificate not in order',
  unreachable: 'not reachable',
  frozen: 'frozen: its head has expired',
  contradicting: 'shows an older release than it reports',
  'rolled-back': 'rolled back to an older release',
  unsigned: 'head not signed by this network',
  'wrong-content': 'wrong content',
  equivocating: 'equivocating: another release under the same serial',
};

/** Failings that count as errors of the mirror; the others are stages of a normal life. */
export const FAILINGS: ReadonlySet<SightState> = new Set(
  SIGHT_STATES.slice(SIGHT_STATES.indexOf('empty')),
);

/** What a mirror may be taken out of service for, when enough vantage points see it. */
export const ACCUSATIONS: ReadonlySet<SightState> = new Set([
  'rolled-back',
  'unsigned',
  'wrong-content',
  'equivocating',
]);

/** It gave an answer that says which release it shows. */
export function hasAnswered(state: SightState): boolean {
  return state !== 'unreachable' && state !== 'certificate';
}

/** The worse of two. */
export function worse(a: SightState, b: SightState): SightState {
  return SIGHT_STATES.indexOf(a) >= SIGHT_STATES.indexOf(b) ? a : b;
}
