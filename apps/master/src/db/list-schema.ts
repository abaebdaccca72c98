/** The tables of migration 0010; the columns are explained there. */
export interface ListTables {
  repomd: RepomdRow;
}

export interface RepomdRow {
  archive: string;
  repository: string;
  serial: number;
  sha256: string;
  sha512: string;
  bytes: number;
  modified: number;
}
