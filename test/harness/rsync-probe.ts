import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessResponse } from '@pushmirror/trigger/access';
import type { Agent } from './agent.ts';
import { tryTool } from './tool.ts';

/** A user and its secret at one rsync daemon. */
export interface Account {
  user: string;
  secret: string;
}

export interface Probe {
  port: number;
  module: string;
  /** This machine's address that is asked from. */
  from: string;
  as?: Account | undefined;
}

/** Whether the real rsync client is served a module; `why` is what it said. */
export async function probeRsync(probe: Probe): Promise<{ served: boolean; why: string }> {
  const { port, module, from, as } = probe;
  const host = from.includes(':') ? '[::1]' : '127.0.0.1';
  const url = `rsync://${as === undefined ? '' : `${as.user}@`}${host}:${port}/${module}/`;
  const { code, stderr } = await tryTool(['rsync', `--address=${from}`, '--contimeout=5', url], {
    env: { RSYNC_PASSWORD: as?.secret ?? 'none' },
    deadlineMs: 20_000,
  });
  return { served: code === 0, why: stderr };
}

/** The account that an agent was given for the rsync daemon on a port of this machine. */
export async function accountOf(agent: Agent, port: number): Promise<Account> {
  const text = await readFile(join(agent.state, 'access.json'), 'utf8');
  const { upstreams } = JSON.parse(text) as AccessResponse;
  const found = upstreams.find(({ url }) => url.endsWith(`:${port}`));
  if (found === undefined) throw new Error(`${agent.name} has no account at port ${port}.`);
  return found;
}
