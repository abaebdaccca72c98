import { createHmac, randomBytes } from 'node:crypto';

/** `whsec_` and base64, as Standard Webhooks (standardwebhooks.com) writes a secret. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * The headers by which a receiver knows that a message is ours and new: HMAC-SHA256 over
 * `ID.TIMESTAMP.BODY`, as Standard Webhooks has it.
 */
export function signedHeaders(
  message: { id: string; body: string; at: Date },
  secret: string,
): Record<string, string> {
  const { id, body, at } = message;
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
