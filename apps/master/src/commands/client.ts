import { readSecret } from '@pushmirror/host/secret';
import { within } from '@pushmirror/host/within';
import type { z } from 'zod';
import { MasterError } from '../errors.ts';
import type { ServerEvent } from './event-parser.ts';
import { readEvents } from './event-stream.ts';
import { configPath, type CommonOptions } from './config-option.ts';
import { findDoor, type Door } from './door.ts';
import { ask, type Answer } from './local-http.ts';

/** What an answer must look like, or how to load that: it is done once the master has answered. */
export type Shape<S extends z.ZodType> = S | (() => Promise<S>);

/**
 * The running master's API, as the administrator of the admin token file.
 *
 * All of it throws ConfigError; HostError for the token file; MasterError `no-answer` when no master
 * runs; RefusedError.
 */
export interface Client {
  get<S extends z.ZodType>(path: string, answer: Shape<S>): Promise<z.output<S>>;
  post<S extends z.ZodType>(path: string, body: unknown, answer: Shape<S>): Promise<z.output<S>>;
  /** The master's events from now on, or from the one after `lastEventId`; ends when they do. */
  events(path: string, o: EventsOptions): AsyncIterable<ServerEvent>;
  delete<S extends z.ZodType>(path: string, answer: Shape<S>): Promise<z.output<S>>;
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

export function createClient(options: CommonOptions): Client {
  const config = configPath(options);
  let found: Promise<Master> | undefined;
  const master = () => (found ??= findMaster(config));

  const call = async <S extends z.ZodType>(
    method: string,
    path: string,
    answer: Shape<S>,
    body?: unknown,
  ): Promise<z.output<S>> => {
    const { base, tokenFile, authorization } = await master();
    const headers = { authorization };
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
      throw noAnswer(base, config, cause);
    });
    const text = await response.text();
    if (!response.ok) throw await refused(base, tokenFile, response, text);
    return readAnswer(base, text, typeof answer === 'function' ? await answer() : answer);
  };

  const open = async (path: string, { lastEventId, signal }: EventsOptions) => {
    const { base, tokenFile, authorization } = await master();
    const headers = {
      authorization,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const request = ask(base + path, { headers, signal });
    const response = await request.catch((cause: unknown) => {
      throw noAnswer(base, config, cause);
    });
    if (!response.ok) throw await refused(base, tokenFile, response, await response.text());
    return response;
  };

  return {
    get: (path, answer) => call('GET', path, answer),
    post: (path, body, answer) => call('POST', path, answer, body),
    events: (path, o) => readEvents((signal) => open(path, { ...o, signal }), o.signal),
    delete: (path, answer) => call('DELETE', path, answer),
  };
}

interface Master extends Door {
  authorization: string;
}

async function findMaster(config: string): Promise<Master> {
  const door = await findDoor(config);
  const token = readSecret(door.tokenFile).toString('utf8').trim();
  return { ...door, authorization: `Bearer ${token}` };
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

async function refused(
  base: string,
  tokenFile: string,
  { status }: Answer,
  text: string,
): Promise<RefusedError> {
  if (status === 401) return unknownToken(base, tokenFile);
  const { readRefusal } = await import('./refusal.ts');
  const { code, message } = readRefusal(text) ?? {
    code: 'unknown',
    message: `${base} answered ${status}.`,
  };
  return new RefusedError(status, code, message);
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
