import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';

export interface Asked {
  method: 'GET' | 'POST' | 'DELETE';
  headers: Record<string, string>;
  body?: string | undefined;
  /** In bytes; a longer answer is an error. */
  largest: number;
  signal: AbortSignal;
}

/**
 * Ask over HTTP or HTTPS. As `fetch` that follows no redirects; but what asks only now and then pays
 * for that several times over, in memory and in time, since none of it stays warm.
 *
 * @throws Error for all that is no answer, or none of this size.
 */
export async function askHttp(
  url: string,
  { method, headers, body, largest, signal }: Asked,
): Promise<{ status: number; bytes: Buffer }> {
  const send = new URL(url).protocol === 'https:' ? tlsRequest : plainRequest;
  const options = {
    method,
    headers: { 'accept-encoding': 'gzip', ...headers },
    signal,
    agent: false, // A connection of its own: one that was kept may be going just then.
  };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, options, resolve).on('error', reject).end(body);
  });
  const { statusCode: status = 0 } = answer;
  const bytes = await readAtMost(answer, largest);
  if (status >= 300 && status < 400) throw new Error('it sends us elsewhere.');
  const isPacked = answer.headers['content-encoding'] === 'gzip';
  return { status, bytes: isPacked ? gunzipSync(bytes, { maxOutputLength: largest }) : bytes };
}

async function readAtMost(answer: AsyncIterable<unknown>, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > largest) throw new Error(`its answer is larger than ${largest} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
