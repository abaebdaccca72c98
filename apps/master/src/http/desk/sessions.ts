import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Somebody who logged in with a token. Kept in memory only: a restart logs everybody out. */
export interface Session {
  id: string;
  token: string;
  /** Must come back with every form. */
  csrf: string;
  until: number;
  /** What came of the last form; shown once. */
  message: { tone: 'good' | 'bad'; text: string } | null;
}

export interface Sessions {
  begin(token: string): Session;
  find(id: string | undefined): Session | undefined;
  end(id: string | undefined): void;
}

const LASTS_MS = 8 * 3_600_000;
const MOST = 1_000;

export function createSessions(now: () => Date): Sessions {
  const sessions = new Map<string, Session>();
  return {
    begin(token) {
      if (sessions.size >= MOST) sessions.delete(sessions.keys().next().value ?? '');
      const session = {
        id: randomBytes(24).toString('base64url'),
        token,
        csrf: randomBytes(24).toString('base64url'),
        until: now().getTime() + LASTS_MS,
        message: null,
      };
      sessions.set(session.id, session);
      return session;
    },
    find(id) {
      const session = id === undefined ? undefined : sessions.get(id);
      if (session === undefined || session.until > now().getTime()) return session;
      sessions.delete(session.id);
      return undefined;
    },
    end: (id) => void (id !== undefined && sessions.delete(id)),
  };
}

/** In a time that says nothing of where they differ. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
