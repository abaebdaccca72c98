/** One request of a probe, as evidence: what was asked, when, and what came. */
export interface Evidence {
  what: 'head' | 'trace' | 'index' | 'sample' | 'mark' | 'rsync';
  url: string;
  /** 4 or 6; null when no connection came about. */
  family: 4 | 6 | null;
  /** ISO 8601. */
  at: string;
  /** Until the whole answer was there. */
  ms: number;
  /** Of HTTP; null when there was no answer. 304: as at the last look. */
  status: number | null;
  /** Of what came (at 304: of what it stands for), with its size. */
  sha256: string | null;
  bytes: number | null;
  /** The digest that the release's manifest has for this file. */
  expected: string | null;
  /** A cache was passed by, to settle a doubt. */
  pastCache: boolean;
  /** Why nothing came, in words. */
  error: string | null;
}

/** One way in which readers reach the mirror: each protocol and family for itself. */
export interface Endpoint {
  protocol: 'http' | 'https' | 'rsync';
  family: 4 | 6 | null;
  url: string;
  /** `not-offered`: of a protocol that the mirror did not register, and does not answer. */
  state: 'ok' | 'certificate' | 'unreachable' | 'not-offered';
  /** The serial of the head there; null when none is seen, or of rsync, which is only greeted. */
  serial: number | null;
  ms: number | null;
  /** ISO 8601. */
  certificateUntil: string | null;
  reason: string | null;
}
