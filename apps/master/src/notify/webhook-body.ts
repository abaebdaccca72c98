import type { Delivery } from '../db/notices.ts';
import type { NoticeFacts } from './facts.ts';
import { TYPE_OF } from './kinds.ts';
import type { Message } from './message.ts';

/** Where things are, for links. */
export interface Place {
  network: string;
  /** Of the public page, without a slash at its end. */
  url: string;
}

/** The body of a webhook's call; docs/formats.md, "Notices". The same in every attempt. */
export function webhookBody({ deliveries }: Message, place: Place): string {
  const notices = deliveries.map((one) => noticeOf(one, place));
  const [first] = notices;
  if (first !== undefined && notices.length === 1) return JSON.stringify(first);
  const timestamp = deliveries.at(-1)?.told.at;
  return JSON.stringify({ type: 'digest', timestamp, data: { network: place.network, notices } });
}

function noticeOf({ told }: Delivery, { network, url }: Place) {
  const facts = JSON.parse(told.facts) as NoticeFacts;
  const { code: _code, page, evidence, ...rest } = facts;
  return {
    type: TYPE_OF[told.kind],
    timestamp: told.at,
    data: {
      id: told.id,
      incident: told.incident,
      network,
      mirror: told.mirror,
      archive: told.archive,
      serial: told.serial,
      ...rest,
      evidence,
      page: url + page,
    },
  };
}
