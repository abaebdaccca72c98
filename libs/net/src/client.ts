import { within } from '@pushmirror/host';
import { NetError } from './errors.ts';
import { exchange, type Answer, type Connections } from './exchange.ts';
import type { CheckedAddress, Guard } from './guard.ts';
import { parseTarget, type Target } from './target.ts';

/** The only way in which the master fetches what a stranger has named. */
export interface GuardedClient {
  /**
   * GET a URL. Redirects stay on the same host (whoever can only redirect from it does not hold it),
   * never lead back from https to http, and are each checked like the first URL.
   *
   * @throws NetError `bad-url`, `forbidden-address`, `unreachable`, `bad-answer`
   */
  get(url: string, o?: GetOptions): Promise<Answer>;
  /**
   * POST to a URL. A redirect is not followed: it is the answer.
   *
   * @throws NetError as `get` does.
   */
  post(url: string, body: string, o?: Omit<GetOptions, 'connections'>): Promise<Answer>;
}

export interface GetOptions {
  /** Only over IPv4 or IPv6; by default the first address that answers. */
  family?: 4 | 6;
  signal?: AbortSignal;
  /** Of the body, where it is not what the client was made with. */
  maxBytes?: number;
  /** Besides those that every request has. */
  headers?: Record<string, string>;
  /** Connections that stay open between requests; a new one for each when left out. */
  connections?: Connections;
}

export interface GuardedClientOptions {
  guard: Guard;
  /** Milliseconds for a URL with all its redirects; 10 s by default. */
  deadlineMs?: number;
  /** Of the body; 64 KiB by default. */
  maxBytes?: number;
  maxRedirects?: number;
  /** Certificate authorities in PEM; the system's when left out. */
  ca?: string;
}

const DEADLINE_MS = 10_000;
const MAX_BYTES = 64 * 1024;
const MAX_REDIRECTS = 5;
/** Of a host with many addresses, no more than these are tried. */
const MOST_TRIED = 3;
/** What another address of the same host may not have. */
const ANOTHER = new Set(['unreachable', 'bad-certificate']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createGuardedClient(o: GuardedClientOptions): GuardedClient {
  const { guard, maxBytes = MAX_BYTES, maxRedirects = MAX_REDIRECTS, ca } = o;

  async function ask(target: Target, asked: GetOptions, signal: AbortSignal, send?: string) {
    const { family, headers, connections } = asked;
    const all = await guard.check(target.host, signal);
    const usable = all.filter((one) => family === undefined || one.family === family);
    if (usable.length === 0) {
      throw new NetError('unreachable', `${target.host} has no address of IPv${family}.`);
    }
    return first(usable.slice(0, MOST_TRIED), signal, (address) =>
      exchange(target, address, {
        maxBytes: asked.maxBytes ?? maxBytes,
        signal,
        ca,
        headers,
        connections,
        send,
      }),
    );
  }

  const untilLate = ({ signal }: GetOptions) =>
    within(o.deadlineMs ?? DEADLINE_MS, ...(signal === undefined ? [] : [signal]));

  return {
    async get(url, asked = {}) {
      const signal = untilLate(asked);
      let target = parseTarget(url);
      for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
        const answer = await ask(target, asked, signal);
        if (!REDIRECTS.has(answer.status) || answer.location === undefined) return answer;
        target = follow(target, answer.location);
      }
      throw new NetError('bad-answer', `${target.host} redirects more than ${maxRedirects} times.`);
    },
    post: async (url, body, asked = {}) => ask(parseTarget(url), asked, untilLate(asked), body),
  };
}

/** The first that works; the last failure when none does. */
async function first(
  addresses: readonly CheckedAddress[],
  signal: AbortSignal,
  attempt: (address: CheckedAddress) => Promise<Answer>,
): Promise<Answer> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await attempt(address);
    } catch (error) {
      failure = error;
      if (!(error instanceof NetError) || !ANOTHER.has(error.code) || signal.aborted) break;
    }
  }
  throw failure;
}

/** Where a redirect leads, checked as strictly as a URL that was registered. */
function follow(from: Target, location: string): Target {
  const written = location.startsWith('/') && !location.startsWith('//');
  const to = parseTarget(written ? `${from.url.origin}${location}` : location);
  if (to.host !== from.host) {
    throw new NetError(
      'bad-answer',
      `${from.host} redirects to another host, ${to.host}. Give the URL that it leads to.`,
    );
  }
  if (from.tls && !to.tls) {
    throw new NetError('bad-answer', `${from.host} redirects from https back to http.`);
  }
  return to;
}
