import type { ProfileName } from '@pushmirror/manifest';
import type { PushState } from '@pushmirror/trigger';

/**
 * The tables as Kysely sees them; apps/master/migrations makes them and says what each column is.
 * Times are ISO 8601 texts in UTC.
 */
export interface Tables {
  setting: { name: string; value: string };
  archive: ArchiveRow;
  release: ReleaseRow;
  mirror: MirrorRow;
  mirror_archive: MirrorArchiveRow;
  push: PushRow;
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
}

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
}

export interface MirrorRow {
  name: string;
  kind: 'agent' | 'ftpsync';
  state: 'active' | 'paused';
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
  added_at: string;
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
}
