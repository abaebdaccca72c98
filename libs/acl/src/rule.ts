/** What a rule is about. */
export type Action = 'trigger' | 'pull' | 'register' | 'publish' | 'read';

/**
 * Who may (or may not) do what, on what, from where and when. A part that is left out holds for
 * everything; the parts that are there must all hold.
 */
export interface Rule {
  /** Its name in explanations and audit entries; one of a kind. */
  id: string;
  effect: 'allow' | 'deny';
  who: {
    mirror?: string;
    /** A key's fingerprint, `SHA256:...`. */
    key?: string;
    network?: string;
    role?: string;
    tier?: number;
  };
  action: Action;
  /** An archive's name; absent: every archive. */
  archive?: string;
  /** A named part of the archive, such as an embargoed suite, that is offered by itself. */
  view?: string;
  /** A pattern inside the archive (see path-pattern.ts), such as `dists/embargo`. */
  path?: string;
  /** CIDRs; absent: from anywhere. Empty: from nowhere. */
  from?: readonly string[];
  /** The first moment at which the rule holds. */
  validFrom?: Date;
  /** The first moment at which it no longer holds. */
  validUntil?: Date;
  /** It follows from the registry, and yields to any other rule that says who. */
  isDefault?: boolean;
}

/** Somebody wants to do something. */
export interface Request {
  who: {
    mirror?: string;
    key?: string;
    network?: string;
    roles?: readonly string[];
    tier?: number;
  };
  action: Action;
  archive?: string;
  view?: string;
  /** A path inside the archive; absent: the archive (or the view) as a whole. */
  path?: string;
  /** The address it comes from; absent: not known. */
  from?: string;
  at: Date;
}
