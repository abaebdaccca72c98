/** The tables of migration 0007; the columns are explained there. */
export interface KeyTables {
  network_key: NetworkKeyRow;
  ssh_source: SshSourceRow;
  signers_text: SignersTextRow;
}

export interface NetworkKeyRow {
  kind: 'pull' | 'push' | 'host' | 'source';
  owner: string;
  public_key: string;
  state: 'current' | 'next' | 'old' | 'held';
  since: string;
  until: string | null;
}

export interface SshSourceRow {
  mirror: string;
  url: string;
  host_key: string;
}

export interface SignersTextRow {
  sequence: number;
  text: string;
  issued_at: string;
  issued_by: string;
}
