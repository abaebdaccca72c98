import { createHash } from 'node:crypto';

/** The same for the same thing, over kill -9 and restarts: so nothing is told twice. */
export function noticeId(...about: (string | number)[]): string {
  return `ntc_${digest(about)}`;
}

export function deliveryId(notice: string, subscription: string): string {
  return `dlv_${digest([notice, subscription])}`;
}

/** Of a message that carries these deliveries. */
export function messageId(deliveries: readonly string[]): string {
  return `msg_${digest(deliveries.toSorted())}`;
}

function digest(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}
