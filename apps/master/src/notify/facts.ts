import type { Evidence } from '../monitor/probe/sighting.ts';

/** What was known when a notice was written: kept with it, and told in mails and webhooks. */
export interface NoticeFacts {
  /** One line: what happened. */
  title: string;
  /** The state in words. */
  state: string;
  /** ISO 8601. */
  since: string | null;
  /** One sentence: why. */
  reason: string | null;
  /** What was asked, and what came. */
  url: string | null;
  seen: { at: string; serial: number | null } | null;
  /** What the mirror says of itself. */
  claimed: {
    serial: number | null;
    at: string | null;
    event: string | null;
    reason: string | null;
  } | null;
  /** The newest release that is public. */
  newest: { serial: number; publishedAt: string } | null;
  evidence: Evidence[];
  /** When a certificate ends. */
  certificateUntil: string | null;
  /** Of a rollout: how far it came, and who lacks it. */
  rollout: { total: number; committed: number; failed: number; lacking: string[] } | null;
  /** Of the page that tells more, below the public URL. */
  page: string;
  /** What is to be said to confirm an address. */
  code: string | null;
}

export const NO_FACTS: Omit<NoticeFacts, 'title' | 'state' | 'page'> = {
  since: null,
  reason: null,
  url: null,
  seen: null,
  claimed: null,
  newest: null,
  evidence: [],
  certificateUntil: null,
  rollout: null,
  code: null,
};
