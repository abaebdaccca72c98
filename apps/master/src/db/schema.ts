import type { ProfileName } from '@pushmirror/manifest';
import type { PushState } from '@pushmirror/trigger';
import type { AccessTables } from './access-schema.ts';
import type { KeyTables } from './network-key-schema.ts';
import type { ListTables } from './list-schema.ts';
import type { NoticeTables } from './notice-schema.ts';
import type { OperatorTables } from './operator-schema.ts';
import type { RegistrationTables } from './registration-schema.ts';
import type { SightTables } from './sight-schema.ts';

/**
 * The tables as Kysely sees them; apps/master/migrations makes them and says what each column is.
 * Times are ISO 8601 texts in UTC.
 */
export interface Tables
  extends
    AccessTables,
    ListTables,
    KeyTables,
    NoticeTables,
    OperatorTables,
    RegistrationTables,
    SightTables {
  setting: { name: string; value: string };
  archive: ArchiveRow;
  release: ReleaseRow;
  mirror: MirrorRow;
  mirror_archive: MirrorArchiveRow;
  push: PushRow;
  hold: HoldRow;
  hold_told: { archive: string; sequence: number; mirror: string; told_at: string };
  report_cursor: { mirror: string; instance: string; number: number; taken_at: string | null };
  token: TokenRow;
  audit: AuditRow;
  migration: { name: string; applied_at: string };
}

export interface ArchiveRow {
  name: string;
  path: string;
  profile: ProfileName;
  mode: 'manifest' | 'classic';
  epoch: number;
  delete_limit: number;
  added_at: string;
  /** JSON; null is the default. */
  policy: string | null;
}

export type Switch = 'as-ready' | 'together';
/** What the current wave of a release is doing; rollout/conduct.ts moves it. */
export type Phase = 'sending' | 'staging' | 'committing' | 'baking' | 'done';

export interface ReleaseRow {
  archive: string;
  serial: number;
  epoch: number;
  manifest_sha256: string | null;
  manifest_bytes: number | null;
  head: string;
  issued_at: string;
  expires_at: string;
  files: number;
  bytes: number;
  changed: number;
  dropped: number;
  seconds: number;
  published_at: string;
  published_by: string;
  pruned_at: string | null;
  urgent: 0 | 1;
  switch: Switch;
  /** JSON; null when there is nothing to conduct. */
  waves: string | null;
  wave: number;
  phase: Phase;
  phase_at: string | null;
  public_at: string | null;
  held_at: string | null;
  held_reason: string | null;
  held_by: string | null;
}

/** A hold that was signed, or the release from one. */
export interface HoldRow {
  archive: string;
  sequence: number;
  epoch: number;
  serial: number;
  state: 'held' | 'released';
  reason: string | null;
  text: string;
  issued_at: string;
  issued_by: string;
}

/** Only an active mirror is pushed; one that is suspended or has left has no rights either. */
export type MirrorState = 'active' | 'paused' | 'suspended' | 'left';

export interface MirrorRow {
  name: string;
  kind: 'agent' | 'ftpsync';
  state: MirrorState;
  state_reason: string | null;
  state_at: string | null;
  upstream: string | null;
  ssh_host: string;
  ssh_port: number;
  ssh_user: string;
  host_key: string;
  push_key: string | null;
  http_url: string | null;
  rsync_url: string | null;
  country: string | null;
  contact: string | null;
  /** Its operators agreed that everybody may see the contact. */
  contact_public: 0 | 1;
  added_at: string;
  quarantined_at: string | null;
  quarantine_reason: string | null;
  /** Null: the pushes. */
  quarantine_by: 'unreached' | 'seen' | null;
  /** Good looks in a row, of one that is quarantined for what it shows. */
  quarantine_good: number;
  /** Null is the default of its tier. */
  slots: number | null;
  standing: 0 | 1;
  sponsor: string | null;
  bandwidth: string | null;
  addresses: string | null;
  /** JSON; registry/stock.ts reads it. */
  stock: string | null;
}

export interface MirrorArchiveRow {
  mirror: string;
  archive: string;
  opted_in_at: string;
  served_serial: number | null;
  served_at: string | null;
  served_bytes: number | null;
  served_seconds: number | null;
  said_event: string | null;
  said_serial: number | null;
  said_at: string | null;
  said_reason: string | null;
  said_rsync_code: number | null;
  retry_at: string | null;
  heard_at: string | null;
  observed_serial: number | null;
  observed_at: string | null;
  observed_reason: string | null;
}

export interface PushRow {
  archive: string;
  serial: number;
  mirror: string;
  sender: string;
  state: PushState;
  attempts: number;
  reason: string | null;
  created_at: string;
  updated_at: string;
  next_attempt_at: string | null;
  sent_at: string | null;
  accepted_at: string | null;
  staged_at: string | null;
  committed_at: string | null;
  wave: number;
  commit_told_at: string | null;
  commit_attempts: number;
  commit_next_attempt_at: string | null;
  left_behind_at: string | null;
  observed_at: string | null;
  quarantined: 0 | 1;
}

export type Role = 'admin' | 'release-manager' | 'operator' | 'agent';

export interface TokenRow {
  id: string;
  sha256: string;
  role: Role;
  mirror: string | null;
  label: string;
  created_at: string;
  created_by: string;
  revoked_at: string | null;
}

export interface AuditRow {
  sequence: number;
  at: string;
  actor: string;
  origin: string;
  action: string;
  subject: string;
  detail: string;
  digest: string | null;
}
