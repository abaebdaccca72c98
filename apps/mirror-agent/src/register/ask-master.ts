import { within } from '@pushmirror/host';
import { z } from 'zod';
import { AgentError, messageOf } from '../errors.ts';
import { printable } from './printable.ts';

/** One call of a master's API; the answer has the shape that was asked for. */
export type AskMaster = <S extends z.ZodType>(
  answer: S,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  o?: { token?: string; body?: object },
) => Promise<z.output<S>>;

const DEADLINE_MS = 45_000;
const LARGEST = 4 * 1024 * 1024;
const refusal = z.object({ error: z.object({ message: z.string() }) });

/** Calls throw AgentError: `no-answer` when there is no master, `master` with its own words. */
export function createAskMaster(base: string, signal: AbortSignal): AskMaster {
  const url = base.replace(/\/+$/, '');
  return async (answer, method, path, o = {}) => {
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
        signal: within(DEADLINE_MS, signal),
        ...(o.body === undefined ? {} : { body: JSON.stringify(o.body) }),
      });
      text = await readAtMost(response, LARGEST);
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      const message = `The master at ${url} was not reached: ${messageOf(inner)}. Is its address right?`;
      throw new AgentError('no-answer', message, { cause });
    }
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
  };
}

async function readAtMost(response: Response, largest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > largest) throw new Error(`its answer is larger than ${largest} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
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
