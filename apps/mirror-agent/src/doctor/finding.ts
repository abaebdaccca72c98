/** What one check found. */
export interface Finding {
  check: string;
  state: 'good' | 'note' | 'fault';
  /** What was seen. */
  seen: string;
  /** Of a note or a fault: what to do. */
  mend?: string;
}

export function good(check: string, seen: string): Finding {
  return { check, state: 'good', seen };
}

export function note(check: string, seen: string, mend: string): Finding {
  return { check, state: 'note', seen, mend };
}

export function fault(check: string, seen: string, mend: string): Finding {
  return { check, state: 'fault', seen, mend };
}
