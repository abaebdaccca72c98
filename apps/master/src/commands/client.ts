import { readSecret, within } from '@pushmirror/host';
import { z } from 'zod';
import { localUrl } from '../config.ts';
import { MasterError } from '../errors.ts';
import type { ServerEvent } from './event-parser.ts';
import { readEvents } from './event-stream.ts';
import { configPath, readConfig, type CommonOptions } from './config-option.ts';
import { ask, type Answer } from './local-http.ts';

/** The running master's API, as the administrator of the admin token file. */
export interface Client {
  get<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>>;
  post<S extends z.ZodType>(path: string, body: unknown, answer: S): Promise<z.output<S>>;
  /** The master's events from now on, or from the one after `lastEventId`; ends when they do. */
  events(path: string, o: EventsOptions): AsyncIterable<ServerEvent>;
  delete<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>>;
}

export interface EventsOptions {
  lastEventId?: string | undefined;
  signal: AbortSignal;
}

/** An answer that is not a success, in the master's own words. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const DEADLINE_MS = 60_000;
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/**
 * @throws ConfigError, HostError for the token file; the calls throw MasterError `no-answer` when no
 * master runs, and RefusedError.
 */
export function createClient(options: CommonOptions): Client {
  const config = readConfig(options);
  const token = readSecret(config.admin_token_file).toString('utf8').trim();
  const base = localUrl(config);

  const call = async <S extends z.ZodType>(
    method: string,
    path: string,
    answer: S,
    body?: unknown,
  ): Promise<z.output<S>> => {
    const headers = { authorization: `Bearer ${token}` };
    const signal = within(DEADLINE_MS);
    const asked =
      body === undefined
        ? { method, headers, signal }
        : {
            method,
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
            signal,
          };
    const response = await ask(base + path, asked).catch((cause: unknown) => {
      throw noAnswer(base, configPath(options), cause);
    });
    const text = await response.text();
    check(response, text);
    return readAnswer(base, text, answer);
  };

  const check = ({ ok, status }: Answer, text: string) => {
    if (status === 401) throw unknownToken(base, config.admin_token_file);
    if (!ok) throw refused(base, status, text);
  };

  const open = async (path: string, { lastEventId, signal }: EventsOptions) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const request = ask(base + path, { headers, signal });
    const response = await request.catch((cause: unknown) => {
      throw noAnswer(base, configPath(options), cause);
    });
    if (!response.ok) check(response, await response.text());
    return response;
  };

  return {
    get: (path, answer) => call('GET', path, answer),
    post: (path, body, answer) => call('POST', path, answer, body),
    events: (path, o) => readEvents((signal) => open(path, { ...o, signal }), o.signal),
    delete: (path, answer) => call('DELETE', path, answer),
  };
}

/** A path of the API from words that need escaping. */
export function apiPath(...words: (string | number)[]): string {
  return `/v1/${words.map((word) => encodeURIComponent(word)).join('/')}`;
}

function readAnswer<S extends z.ZodType>(base: string, text: string, answer: S): z.output<S> {
  try {
    return answer.parse(JSON.parse(text));
  } catch (cause) {
    throw new MasterError('no-answer', `${base} gave an answer that is not a mirror-master's.`, {
      cause,
    });
  }
}

function refused(base: string, status: number, text: string): RefusedError {
  try {
    const { code, message } = refusal.parse(JSON.parse(text)).error;
    return new RefusedError(status, code, message);
  } catch {
    return new RefusedError(status, 'unknown', `${base} answered ${status}.`);
  }
}

function unknownToken(base: string, file: string): RefusedError {
  return new RefusedError(
    401,
    'unauthorised',
    `The master at ${base} does not know the token in ${file}. Is it another master's? After a change of the file, restart the master.`,
  );
}

function noAnswer(base: string, config: string, cause: unknown): MasterError {
  return new MasterError(
    'no-answer',
    `No master answers at ${base}. Start it with: mirror-master serve --config ${config}`,
    { cause },
  );
}
