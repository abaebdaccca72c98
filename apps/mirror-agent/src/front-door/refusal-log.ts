import type { Audit } from '../audit.ts';
import type { Logger } from '../log.ts';
import { sourceOf } from './ssh-limits.ts';

export interface RefusalLogOptions {
  log: Logger;
  audit: Audit;
  now: () => Date;
}

const EVERY_MS = 60_000;
const MOST_SOURCES = 1_000;

/**
 * Connections that were turned away: each source once a minute, so that nobody can fill log and
 * audit by knocking.
 */
export function createRefusalLog({ log, audit, now }: RefusalLogOptions) {
  const lastBySource = new Map<string, number>();

  return (from: string, reason: string): void => {
    const at = now();
    const source = sourceOf(from);
    if (at.getTime() - (lastBySource.get(source) ?? 0) < EVERY_MS) return;
    lastBySource.delete(source);
    lastBySource.set(source, at.getTime());
    if (lastBySource.size > MOST_SOURCES) {
      const [oldest = ''] = lastBySource.keys();
      lastBySource.delete(oldest);
    }
    log.warn({ from, reason }, 'an SSH connection was turned away');
    audit
      .append({ at, peer: { from }, result: 'refused', refusal: 'connection', reason, via: 'ssh' })
      .catch((error: unknown) => log.error({ err: error }, 'an audit entry could not be written'));
  };
}
