/** The tables of migration 0004; the columns are explained there. */
export interface RegistrationTables {
  invite: InviteRow;
  registration: RegistrationRow;
}

export interface InviteRow {
  id: string;
  sha256: string;
  label: string;
  mirror: string | null;
  created_at: string;
  created_by: string;
  expires_at: string;
  used_at: string | null;
  used_for: string | null;
  revoked_at: string | null;
}

export type RegistrationState = 'proving' | 'review' | 'approved' | 'refused' | 'expired';

export interface RegistrationRow {
  id: string;
  mirror: string;
  state: RegistrationState;
  renewal: 0 | 1;
  request: string;
  challenge: string;
  invite: string | null;
  agent_token: string;
  agent_sha256: string;
  operator_token: string;
  operator_sha256: string;
  findings: string | null;
  checked_at: string | null;
  created_at: string;
  origin: string;
  decided_at: string | null;
  decided_by: string | null;
  reason: string | null;
}
