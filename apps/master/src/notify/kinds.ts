/** What one can ask to hear of. */
export const SUBSCRIBED_KINDS = [
  /** A mirror lacks releases for too long, or its head has expired. */
  'stale',
  /** It does not answer, shows what is wrong, or its syncs fail. */
  'failing',
  'quarantined',
  /** Its certificate is about to expire. */
  'certificate',
  /** A rollout is held. */
  'held',
  /** Every push of a rollout has ended, or a newer release took over. */
  'ended',
] as const;

export type SubscribedKind = (typeof SUBSCRIBED_KINDS)[number];

/** `returned` and `resumed` go to those who were told what went before. */
export type NoticeKind = SubscribedKind | 'returned' | 'resumed' | 'test' | 'confirm';

/** The kinds that make sense for whom. */
export const KINDS_OF: Record<'mirror' | 'archive' | 'network', readonly SubscribedKind[]> = {
  mirror: ['stale', 'failing', 'quarantined', 'certificate'],
  archive: ['held', 'ended'],
  network: SUBSCRIBED_KINDS,
};

/** The types of webhook messages. */
export const TYPE_OF: Record<NoticeKind, string> = {
  stale: 'mirror.stale',
  failing: 'mirror.failing',
  quarantined: 'mirror.quarantined',
  certificate: 'mirror.certificate',
  returned: 'mirror.returned',
  held: 'rollout.held',
  resumed: 'rollout.resumed',
  ended: 'rollout.ended',
  test: 'test',
  confirm: 'confirm',
};
