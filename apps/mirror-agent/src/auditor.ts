import type { AuditEntry, Receiver } from '@pushmirror/trigger';
import type { Audit } from './audit.ts';
import type { PolledPeer } from './front-door/look.ts';
import type { Logger } from './log.ts';
import type { News } from './outbox.ts';

export interface AuditorOptions {
  audit: Audit;
  log: Logger;
  report: (news: News) => Promise<void>;
  /** The epoch to name when a head is refused. */
  epochOf: (archive: string) => number;
}

/**
 * What becomes of the entries that libs/trigger makes for each answer: all that concern triggers
 * are kept. Of the heads that we poll, the same one over and over is kept once.
 */
export function createAuditor(options: AuditorOptions): Receiver['audit'] {
  const { audit, log } = options;
  const lastPolled = new Map<string, string>();

  return async (entry) => {
    const polled = 'upstream' in entry.peer;
    if (polled) {
      const what = `${entry.about ?? 'head'} of ${entry.archive ?? ''}`;
      const about = `${entry.result} ${entry.serial} ${entry.refusal}`;
      const same = lastPolled.get(what) === about;
      lastPolled.set(what, about);
      if (same || entry.result === 'duplicate') return;
    }
    logEntry(log, entry, polled);
    try {
      await audit.append({ ...entry, via: polled ? 'poll' : 'push' });
    } catch (error) {
      log.error({ err: error }, 'an audit entry could not be written');
    }
    const { archive, serial, reason } = entry;
    // The master counts a refusal as that of the release itself.
    if (entry.about === 'hold') return;
    if (entry.result === 'refused' && archive !== undefined && serial !== undefined) {
      await options.report({
        at: entry.at.toISOString(),
        archive,
        epoch: options.epochOf(archive),
        serial,
        event: 'refused',
        via: polled ? 'poll' : 'push',
        reason,
      });
    }
  };
}

function logEntry(log: Logger, entry: AuditEntry, polled: boolean): void {
  const { archive, serial, result, refusal, reason, peer } = entry;
  const level = entry.alarm === true ? 'error' : result === 'refused' ? 'warn' : 'info';
  const text = entry.about ?? (polled ? 'head' : 'trigger');
  const what = `a ${polled ? 'polled ' : ''}${text}`;
  const { mirror, from, key: fingerprint } = peer;
  const who = polled
    ? { upstream: (peer as PolledPeer).upstream }
    : { ...(mirror === undefined ? {} : { mirror }), from, fingerprint };
  log[level]({ archive, serial, ...who, refusal, reason }, `${what} is ${result}`);
}
