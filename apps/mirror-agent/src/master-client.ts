import { HostError, readSecret, within } from '@pushmirror/host';
import { vantageTask, type VantageLook, type VantageTask } from '@pushmirror/probe';
import { downstreamsResponse, reportsResponse, type Report } from '@pushmirror/trigger';
import { accessResponse, type AccessResponse, type Announcement } from '@pushmirror/trigger/access';
import { z } from 'zod';
import { askHttp } from './ask-http.ts';
import { messageOf } from './errors.ts';

/** What came back from the master. Its being away is a state, not an error. */
export type MasterAnswer<T> =
  | { kind: 'ok'; value: T }
  /** It answered with another HTTP status. */
  | { kind: 'refused'; status: number; reason: string }
  | { kind: 'away'; reason: string };

/** What an agent asks of its master, over HTTP. */
export interface MasterClient {
  report(reports: readonly Report[]): Promise<MasterAnswer<z.output<typeof reportsResponse>>>;
  downstreams(): Promise<MasterAnswer<z.output<typeof downstreamsResponse>>>;
  /** Whom to let in and how to pull; waits up to `waitS` seconds for other than `known`. */
  access(known: string, waitS: number): Promise<MasterAnswer<AccessResponse>>;
  /** Say with which key we pull over SSH, and where others may pull from us. */
  announce(said: Announcement): Promise<MasterAnswer<{ held: boolean }>>;
  /** The bytes of the head at the master's public path; undefined when it has none. */
  head(archive: string): Promise<MasterAnswer<Buffer | undefined>>;
  /** The bytes of its newest hold; undefined when it has none. */
  hold(archive: string): Promise<MasterAnswer<Buffer | undefined>>;
  /** Whether to pull a release that was polled. */
  mayPull(archive: string, serial: number): Promise<MasterAnswer<z.output<typeof pullAnswer>>>;
  /** What to look at, as another vantage point. */
  vantage(): Promise<MasterAnswer<VantageTask>>;
  /** What was seen. */
  looks(looks: readonly VantageLook[]): Promise<MasterAnswer<{ taken: number }>>;
  /** How far the downstreams of `upstream` are with a release; `after` is where the last page ended. */
  mirrors(
    about: { archive: string; serial: number; upstream: string },
    after?: string,
  ): Promise<MasterAnswer<z.output<typeof mirrorsAnswer>>>;
}

const pullAnswer = z.union([
  z.object({ go: z.literal(true) }),
  z.object({ go: z.literal(false), retryAfter: z.number().min(0), reason: z.string().max(2_000) }),
]);
const mirrorsAnswer = z.object({
  mirrors: z.array(z.object({ mirror: z.string(), state: z.string().nullable() })).max(10_000),
  next: z.string().nullable().optional(),
});

export interface MasterClientOptions {
  /** Without a slash at the end. */
  url: string;
  tokenFile: string;
  signal: AbortSignal;
  deadlineMs?: number;
}

const DEADLINE_MS = 20_000;
const LARGEST_ANSWER = 8 * 1024 * 1024;

export function createMasterClient(options: MasterClientOptions): MasterClient {
  return {
    report: async (reports) =>
      shaped(reportsResponse, await ask('/v1/reports', JSON.stringify({ reports }))),
    downstreams: async () => shaped(downstreamsResponse, await ask('/v1/downstreams')),
    access: async (known, waitS) =>
      shaped(accessResponse, await ask(`/v1/access?known=${known}&wait=${waitS}`)),
    announce: async (said) =>
      shaped(z.object({ held: z.boolean() }), await ask('/v1/access/keys', JSON.stringify(said))),
    head: (archive) => optional(archive, 'head'),
    hold: (archive) => optional(archive, 'hold'),
    mayPull: async (archive, serial) =>
      shaped(pullAnswer, await ask(`${pathOf(archive)}/pulls`, JSON.stringify({ serial }))),
    vantage: async () => shaped(vantageTask, await ask('/v1/vantage')),
    looks: async (looks) =>
      shaped(
        z.object({ taken: z.number() }),
        await ask('/v1/vantage/looks', JSON.stringify({ looks })),
      ),
    async mirrors({ archive, serial, upstream }, after) {
      const query = new URLSearchParams({ upstream, ...(after === undefined ? {} : { after }) });
      const path = `${pathOf(archive)}/releases/${serial}/mirrors?${query.toString()}`;
      return shaped(mirrorsAnswer, await ask(path));
    },
  };

  async function optional(
    archive: string,
    what: 'head' | 'hold',
  ): Promise<MasterAnswer<Buffer | undefined>> {
    const answer = await ask(`${pathOf(archive)}/${what}`);
    if (answer.kind === 'refused' && answer.status === 404) return { kind: 'ok', value: undefined };
    return answer;
  }

  async function ask(path: string, body?: string): Promise<MasterAnswer<Buffer>> {
    try {
      // Read each time, so that a rotated token is used without a restart.
      const token = readSecret(options.tokenFile).toString('utf8').trim();
      const { status, bytes } = await askHttp(options.url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body,
        largest: LARGEST_ANSWER,
        signal: within(options.deadlineMs ?? DEADLINE_MS, options.signal),
      });
      if (status >= 200 && status < 300) return { kind: 'ok', value: bytes };
      return { kind: 'refused', status, reason: `The master answered ${status} to ${path}.` };
    } catch (error) {
      if (error instanceof HostError) return { kind: 'away', reason: error.message };
      return { kind: 'away', reason: `The master was not reached: ${causeOf(error)}` };
    }
  }
}

function pathOf(archive: string): string {
  return `/v1/archives/${encodeURIComponent(archive)}`;
}

function shaped<S extends z.ZodType>(
  schema: S,
  answer: MasterAnswer<Buffer>,
): MasterAnswer<z.output<S>> {
  if (answer.kind !== 'ok') return answer;
  try {
    return { kind: 'ok', value: schema.parse(JSON.parse(answer.value.toString('utf8'))) };
  } catch {
    return { kind: 'away', reason: 'The master gave an answer that is not of the expected form.' };
  }
}

/** Of what was broken off the cause says why; where several addresses were tried, each error does. */
function causeOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const cause = first instanceof Error && first.cause instanceof Error ? first.cause : first;
  const text = messageOf(cause);
  return text.endsWith('.') ? text : `${text}.`;
}
