import type { NoticeKind } from '../notify/kinds.ts';

/** The tables of migration 0012; the columns are explained there. */
export interface NoticeTables {
  notice_subscription: SubscriptionRow;
  notice: NoticeRow;
  notice_delivery: DeliveryRow;
  notice_watch: WatchRow;
  notice_cursor: { name: string; at: number };
}

export type Digest = 'immediate' | 'hourly' | 'daily';

export interface SubscriptionRow {
  id: string;
  scope: 'mirror' | 'archive' | 'network';
  subject: string;
  channel: 'mail' | 'webhook';
  address: string;
  secret: string | null;
  /** JSON; notify/kinds.ts has the list. */
  kinds: string;
  digest: Digest;
  quiet_from: number | null;
  quiet_to: number | null;
  zone: string;
  state: 'proving' | 'active' | 'ended';
  state_reason: string | null;
  code: string | null;
  code_tries: number;
  failures: number;
  added_at: string;
  added_by: string;
}

export interface NoticeRow {
  id: string;
  kind: NoticeKind;
  mirror: string | null;
  archive: string | null;
  serial: number | null;
  incident: string | null;
  address: string | null;
  at: string;
  facts: string;
}

export interface DeliveryRow {
  id: string;
  notice: string;
  subscription: string;
  state: 'waiting' | 'sent' | 'failed' | 'dropped';
  due_at: string;
  message: string | null;
  attempts: number;
  error: string | null;
  created_at: string;
  ended_at: string | null;
}

export type WatchTopic = 'sight' | 'sync' | 'quarantine' | 'certificate';

export interface WatchRow {
  mirror: string;
  archive: string;
  topic: WatchTopic;
  class: string;
  since: string;
  settled: string;
  incident: string | null;
  shown: 0 | 1;
  turns: number;
  turns_since: string | null;
}
