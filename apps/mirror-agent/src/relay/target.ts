import type { Downstream, PushTarget } from '@pushmirror/trigger';

/** A downstream's place, as one text: when it changes, a push that failed is worth another try. */
export function addressOf({ host, port, user, hostKey }: Downstream): string {
  return JSON.stringify([host, port, user, hostKey]);
}

export function targetOf(downstream: Downstream): PushTarget {
  const { name, kind, host, port, user, hostKey, standing } = downstream;
  const stands = standing === undefined ? {} : { standing };
  return { mirror: name, kind, host, port, user, hostKey, ...stands };
}
