import { z } from 'zod';
import { AgentError, messageOf } from '../errors.ts';
import { printable } from './printable.ts';

/** What a master tells anybody who wants to register. */
export const networkAnswer = z.object({
  network: z.string(),
  policy: z.enum(['invite', 'proof', 'review']),
  pushKey: z.string(),
  archives: z.array(z.object({ name: z.string(), profile: z.string(), bytes: z.number() })),
});
export type NetworkAnswer = z.output<typeof networkAnswer>;

/** How a registration stands. */
export const standing = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  mirror: z.string(),
  state: z.enum(['proving', 'review', 'approved', 'refused', 'expired']),
  challenge: z.object({
    path: z.string().regex(/^project\/pushmirror\/proof\/[0-9a-f]{16}$/),
    text: z.string().regex(/^[\x20-\x7e]{1,200}$/),
  }),
  missing: z.array(z.string()),
  advised: z.array(z.string()),
  reason: z.string().nullable(),
});
export type Standing = z.output<typeof standing>;

const begun = z.object({ registration: standing, token: z.string(), operatorToken: z.string() });

/** All that the agent's configuration is made of. */
export const setUp = z.object({
  network: z.string(),
  name: z.string(),
  url: z.string(),
  allowedSigners: z.string(),
  sources: z
    .array(z.object({ name: z.string(), pushKey: z.string().nullable(), rsyncUrl: z.string() }))
    .min(1),
  archives: z.array(z.object({ name: z.string(), profile: z.string() })).min(1),
});
export type SetUp = z.output<typeof setUp>;

/** The master's API as a new mirror sees it. Every call throws AgentError `master`, in its words. */
export interface MasterDoor {
  network(): Promise<NetworkAnswer>;
  begin(request: object): Promise<z.output<typeof begun>>;
  standing(id: string, token: string): Promise<Standing>;
  /** Has the master look at the mirror; takes as long as that does. */
  check(id: string, token: string): Promise<Standing>;
  setUp(token: string): Promise<SetUp>;
}

const DEADLINE_MS = 45_000;
const LARGEST = 4 * 1024 * 1024;
const refusal = z.object({ error: z.object({ message: z.string() }) });

export function createMasterDoor(base: string, signal: AbortSignal): MasterDoor {
  const url = base.replace(/\/+$/, '');

  async function call<S extends z.ZodType>(
    answer: S,
    method: 'GET' | 'POST',
    path: string,
    o: { token?: string; body?: object } = {},
  ): Promise<z.output<S>> {
    const headers: Record<string, string> = {};
    if (o.token !== undefined) headers['authorization'] = `Bearer ${o.token}`;
    if (o.body !== undefined) headers['content-type'] = 'application/json';
    let text: string;
    let response: Response;
    try {
      response = await fetch(url + path, {
        method,
        headers,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
        ...(o.body === undefined ? {} : { body: JSON.stringify(o.body) }),
      });
      text = await response.text();
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      const message = `The master at ${url} was not reached: ${messageOf(inner)}. Is --master right?`;
      throw new AgentError('no-answer', message, { cause });
    }
    if (text.length > LARGEST) throw strange(url);
    const json = asJson(text);
    if (!response.ok) {
      const refused = refusal.safeParse(json);
      const why = refused.success
        ? printable(refused.data.error.message)
        : `it answered ${response.status}`;
      throw new AgentError('master', `The master at ${url}: ${why}`);
    }
    const shaped = answer.safeParse(json);
    if (!shaped.success) throw strange(url);
    return shaped.data;
  }

  return {
    network: () => call(networkAnswer, 'GET', '/v1/network'),
    begin: (body) => call(begun, 'POST', '/v1/registrations', { body }),
    standing: (id, token) => call(standing, 'GET', `/v1/registrations/${id}`, { token }),
    check: (id, token) => call(standing, 'POST', `/v1/registrations/${id}/check`, { token }),
    setUp: (token) => call(setUp, 'GET', '/v1/set-up', { token }),
  };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function strange(url: string): AgentError {
  return new AgentError('master', `${url} gave an answer that is not a mirror-master's.`);
}
