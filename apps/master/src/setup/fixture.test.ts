import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { readMasterConfig, type MasterConfig } from '../config.ts';
import { createMaster, type Master } from '../master.ts';
import { initFolder } from './init-folder.ts';

/** A whole master on a folder of its own, with a clock that tests set; its port is not opened. */
export interface Fixture {
  master: Master;
  folder: string;
  config: MasterConfig;
  /** An archive's tree. */
  tree: string;
  adminToken: string;
  clock: { now: Date };
  call(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
    token?: string | null,
  ): Promise<{ status: number; body: unknown; text: string; headers: Record<string, unknown> }>;
  /** Add the archive `debian`, a classic one unless it is said otherwise. */
  addArchive(more?: Record<string, unknown>): Promise<void>;
  /** Add a mirror of it at a port where nothing listens; returns its agent's token. */
  addMirror(name: string, more?: Record<string, unknown>): Promise<string>;
  publish(): Promise<{ serial: number; mirrors: number }>;
  /** Another master on the same folder; the first must be destroyed. */
  again(): Promise<Master>;
}

/** `TestContext.after` cleans up. */
export async function createFixture(
  t: TestContext,
  change: (config: MasterConfig) => MasterConfig = (config) => config,
): Promise<Fixture> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'pushmirror-master-')));
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'dists'), { recursive: true });
  await writeFile(join(tree, 'dists/Release'), 'Suite: stable\n');
  const path = join(folder, 'master.toml');
  const files = await initFolder({
    folder,
    config: path,
    network: 'example',
    name: 'ftp.example.org',
  });
  const read = readMasterConfig(path);
  const config = change({ ...read, listen: { address: '127.0.0.1', port: 0 } });
  const clock = { now: new Date('2026-11-21T09:00:00Z') };
  const logger = pino({ level: 'silent' });
  const create = () => createMaster({ config, logger, now: () => clock.now });
  let master = await create();
  t.after(async () => {
    await master.destroy();
    await rm(folder, { recursive: true, force: true });
  });
  const adminToken = (await readFile(files.adminToken, 'utf8')).trim();

  const call: Fixture['call'] = async (method, url, body, token = adminToken) => {
    const answer = await master.app.inject({
      method,
      url,
      ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const json = String(answer.headers['content-type']).startsWith('application/json');
    const { statusCode: status, headers, payload: text } = answer;
    return { status, headers, text, body: json ? answer.json() : undefined };
  };
  const mustCall: Fixture['call'] = async (...args) => {
    const answer = await call(...args);
    if (answer.status >= 300) throw new Error(`${args[1]}: ${answer.text}`);
    return answer;
  };

  return {
    get master() {
      return master;
    },
    folder,
    config,
    tree,
    adminToken,
    clock,
    call,
    async addArchive(more = {}) {
      const archive = { name: 'debian', path: tree, mode: 'classic', ...more };
      await mustCall('POST', '/v1/archives', archive);
    },
    async addMirror(name, more = {}) {
      const { body } = await mustCall('POST', '/v1/mirrors', { ...mirrorBody(name), ...more });
      return String((body as { token: string }).token);
    },
    async publish() {
      const { body } = await mustCall('POST', '/v1/archives/debian/releases', {});
      return body as { serial: number; mirrors: number };
    },
    async again() {
      master = await create();
      return master;
    },
  };
}

/** A mirror that nobody listens for: port 1. */
export function mirrorBody(name: string) {
  return {
    name,
    ssh: { host: '127.0.0.1', port: 1, user: 'mirror' },
    hostKey: someKey(),
    pushKey: someKey(),
    archives: ['debian'],
  };
}

/** An ed25519 public key line; nobody has its private half. */
export function someKey(): string {
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([part(Buffer.from('ssh-ed25519')), part(randomBytes(32))]);
  return `ssh-ed25519 ${blob.toString('base64')}`;
}
