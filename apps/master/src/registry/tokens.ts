import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Role, TokenRow } from '../db/schema.ts';

/** A token as its holder has it, and the row that recognises it. */
export interface NewToken {
  token: string;
  row: TokenRow;
}

/**
 * Make a bearer token: `pmt_ID_SECRET`. Only its SHA-256 is kept; the secret has 256 random bits,
 * so a plain digest is enough (no password to guess).
 */
export function makeToken(o: {
  role: Role;
  mirror?: string;
  label: string;
  by: string;
  at: Date;
}): NewToken {
  const token = randomToken();
  return { token, row: rowOf(tokenId(token) ?? '', token, o) };
}

/** The text of a new token. */
export function randomToken(): string {
  return `pmt_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
}

/** The row for a token that is there already, such as that of the admin token file. */
export function rowForToken(
  token: string,
  o: { role: Role; label: string; by: string; at: Date },
): TokenRow | undefined {
  const id = tokenId(token);
  return id === undefined ? undefined : rowOf(id, token, o);
}

/** The public part of a token, or undefined when the text does not look like one. */
export function tokenId(token: string): string | undefined {
  return /^pmt_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/.exec(token)?.[1];
}

/** Whether a token is the one of this row; takes the same time whatever differs. */
export function matchesToken(row: Pick<TokenRow, 'sha256' | 'revoked_at'>, token: string): boolean {
  const same = timingSafeEqual(Buffer.from(row.sha256, 'hex'), digest(token));
  return same && row.revoked_at === null;
}

function rowOf(
  id: string,
  token: string,
  o: { role: Role; mirror?: string; label: string; by: string; at: Date },
): TokenRow {
  return {
    id,
    sha256: digest(token).toString('hex'),
    role: o.role,
    mirror: o.mirror ?? null,
    label: o.label,
    created_at: o.at.toISOString(),
    created_by: o.by,
    revoked_at: null,
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
