import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** An answer whose body is still to be read. */
export interface Answer {
  ok: boolean;
  status: number;
  body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
}

export interface Asked {
  method?: string;
  headers: Record<string, string>;
  body?: string;
  /** Ends the reading of the body, too. */
  signal: AbortSignal;
}

/**
 * Ask an HTTP server. As `fetch` without redirects; but fetch takes longer to load than such a command
 * takes otherwise.
 */
export function ask(url: string, { body, ...options }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (answer) => resolve(answerOf(answer)));
    asked.on('error', reject);
    asked.end(body);
  });
}

function answerOf(answer: IncomingMessage): Answer {
  const { statusCode: status = 0 } = answer;
  const ok = status >= 200 && status < 300;
  return { ok, status, body: answer, text: () => text(answer) };
}
