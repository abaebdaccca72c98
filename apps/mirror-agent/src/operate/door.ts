import { dirname, join } from 'node:path';
import { readSecret } from '@pushmirror/host';
import { z } from 'zod';
import type { AgentConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { createAskMaster } from '../register/ask-master.ts';

/** The master's API, as an operator of this mirror. */
export interface OperatorDoor {
  mirror: string;
  get<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>>;
  post<S extends z.ZodType>(
    path: string,
    body: object | undefined,
    answer: S,
  ): Promise<z.output<S>>;
  delete<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>>;
}

/**
 * Paths are those below `/v1/mirrors/NAME/`, empty for the mirror itself. The token is that of `tokenFile`, else of the file
 * `operator_token` beside the configuration, which `register` has written.
 *
 * @throws AgentError `config`; HostError for the token's file.
 */
export function openOperatorDoor(
  { name, master }: Pick<AgentConfig, 'name' | 'master'>,
  files: { config: string; tokenFile: string | undefined },
  signal: AbortSignal,
): OperatorDoor {
  if (master === undefined) {
    throw new AgentError('config', `${files.config} names no master: add a [master] section.`);
  }
  const file = files.tokenFile ?? join(dirname(files.config), 'operator_token');
  const token = readSecret(file).toString('utf8').trim();
  const ask = createAskMaster(master.url, signal);
  const own = `/v1/mirrors/${encodeURIComponent(name)}`;
  const at = (path: string) => (path === '' ? own : `${own}/${path}`);
  return {
    mirror: name,
    get: (path, answer) => ask(answer, 'GET', at(path), { token }),
    post: (path, body, answer) =>
      ask(answer, 'POST', at(path), { token, ...(body === undefined ? {} : { body }) }),
    delete: (path, answer) => ask(answer, 'DELETE', at(path), { token }),
  };
}
