/** The tables of migration 0005; the columns are explained there. */
export interface AccessTables {
  access_rule: AccessRuleRow;
  access_view: AccessViewRow;
  rsync_secret: RsyncSecretRow;
}

export interface AccessRuleRow {
  id: string;
  effect: 'allow' | 'deny';
  action: 'pull' | 'trigger' | 'register' | 'publish' | 'read';
  mirror: string | null;
  /** Since migration 0007. */
  key_print: string | null;
  network: string | null;
  role: string | null;
  tier: number | null;
  archive: string | null;
  view: string | null;
  path: string | null;
  from_ranges: string | null;
  valid_from: string | null;
  valid_until: string | null;
  note: string | null;
  added_at: string;
  added_by: string;
}

export interface AccessViewRow {
  archive: string;
  name: string;
  paths: string;
}

export interface RsyncSecretRow {
  upstream: string;
  mirror: string;
  number: number;
  secret: string;
  made_at: string;
  retires_at: string | null;
}
