/** The tables of migration 0006; the columns are explained there. */
export interface OperatorTables {
  maintenance: MaintenanceRow;
  mirror_change: MirrorChangeRow;
}

export interface MaintenanceRow {
  id: string;
  mirror: string;
  starts_at: string | null;
  ends_at: string | null;
  weekday: number | null;
  start_minute: number | null;
  minutes: number | null;
  added_at: string;
  added_by: string;
}

export interface MirrorChangeRow {
  mirror: string;
  change: string;
  id: string;
  challenge: string;
  asked_at: string;
  asked_by: string;
}
