import type { PushState, Report } from '@pushmirror/trigger';

/** What is known about the thing that a report is about. */
export interface ReportContext {
  /** The mirror whose token sent it. */
  reporter: string;
  /** The epoch of the release that it names; undefined when there is no such release. */
  epoch: number | undefined;
  /** Whether the reporter has opted in to the archive. */
  optedIn: boolean;
  /** Who is to send the push of this release to the mirror that a `push` report names. */
  sender: string | undefined;
  /** That mirror is a stock ftpsync host, which cannot speak for itself. */
  stock: boolean;
}

/** What a report does. */
export type ReportEffect =
  /** The mirror speaks of itself: note the claim, and move its push where `state` is given. */
  | { kind: 'claim'; mirror: string; served: boolean; state?: PushState }
  /** A hub speaks of a push that it makes. */
  | { kind: 'push'; mirror: string; state: PushState }
  /** Not taken, and why: for the audit. */
  | { kind: 'refused'; reason: string };

/**
 * What a report may do: a mirror speaks for itself about archives it carries, and a hub about
 * pushes that are its own to send. A mirror that says "refused" does not end a push: anybody who
 * reaches it can make it refuse something, so only the sender's word counts there.
 */
export function judgeReport(report: Report, context: ReportContext): ReportEffect {
  if (context.epoch === undefined || context.epoch !== report.epoch) {
    return refused('There is no such release.');
  }
  if (report.event === 'push') return judgePush(report, context);
  if (!context.optedIn) return refused('The mirror has not opted in to this archive.');
  const state = stateOf(report);
  const claim = { kind: 'claim' as const, mirror: context.reporter };
  return {
    ...claim,
    served: report.event === 'committed',
    ...(state === undefined ? {} : { state }),
  };
}

function judgePush(report: Report, context: ReportContext): ReportEffect {
  const { mirror, state } = report;
  if (mirror === undefined || state === undefined) {
    return refused('A report of a push needs the mirror and the state.');
  }
  if (context.sender !== context.reporter) {
    return refused('This push is not for the reporting mirror to send.');
  }
  // Only the mirror itself knows that it has staged or committed; of a stock one, whoever has seen
  // its stage 1 end.
  if ((state === 'staged' && !context.stock) || state === 'committed' || state === 'superseded') {
    return refused('A sender cannot say this of a push.');
  }
  return { kind: 'push', mirror, state };
}

/** The state of the reporter's own push after what it says. */
function stateOf(report: Report): PushState | undefined {
  switch (report.event) {
    case 'accepted':
    case 'syncing':
      return 'accepted';
    case 'staged':
      return 'staged';
    case 'committed':
      return 'committed';
    case 'failed':
      // Without a time for the next attempt it waits for a person.
      return report.retryAt === undefined ? 'given-up' : 'accepted';
    case 'refused':
    case 'push':
      return undefined;
  }
}

function refused(reason: string): ReportEffect {
  return { kind: 'refused', reason };
}
