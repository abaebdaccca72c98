import { NetError, type GuardedClient } from '@pushmirror/net';
import type { Outcome } from './outcome.ts';
import { signedHeaders } from './sign.ts';

export interface WebhookCall {
  id: string;
  url: string;
  body: string;
  secret: string;
  at: Date;
}

/** One call, through the guarded client: never to an address inside. Never rejects. */
export async function callWebhook(
  call: WebhookCall,
  o: { client: Pick<GuardedClient, 'post'>; userAgent: string; signal: AbortSignal },
): Promise<Outcome> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': o.userAgent,
    ...signedHeaders(call, call.secret),
  };
  try {
    const { status } = await o.client.post(call.url, call.body, { headers, signal: o.signal });
    if (status >= 200 && status < 300) return { state: 'sent' };
    if (status === 410) return { state: 'gone', reason: 'It answered 410: it wants no more.' };
    return { state: 'again', reason: `It answered ${status}.` };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    const never = error instanceof NetError && NEVER.has(error.code);
    return { state: never ? 'failed' : 'again', reason };
  }
}

const NEVER = new Set(['bad-url', 'forbidden-address']);
