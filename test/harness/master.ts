import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'smol-toml';
import type { PushState } from '@pushmirror/trigger';
import { appArgv, command, masterProgram, mustCommand, type CommandResult } from './app.ts';
import type { OperatorKit } from './agent.ts';
import { answers, freePort } from './ports.ts';
import { createService, type Service } from './service.ts';

/** A `mirror-master serve` with its own database, keys and rsync daemon. */
export interface Master {
  name: string;
  service: Service;
  folder: string;
  config: string;
  /** Of the page and the API. */
  url: string;
  rsyncPort: number;
  /** The private key that signs heads. */
  signingKey: string;
  allowedSigners: string;
  /** The public key with which it pushes, `ssh-ed25519 AAAA...`. */
  pushKey: string;
  /** Its private key's file. */
  pushKeyFile: string;
  addArchive(name: string, path: string, ...flags: string[]): Promise<void>;
  addMirror(mirror: NewMirror): Promise<OperatorKit>;
  /** `publish ARCHIVE --json ...`; fails when it does not end with 0. */
  publish(archive: string, ...flags: string[]): Promise<Published>;
  /** Newest first. */
  releases(archive: string): Promise<ReleaseView[]>;
  /** The pushes of one release, as the master knows them. */
  pushes(archive: string, serial: number): Promise<PushView[]>;
  /** Run `mirror-master ... --config FILE`. */
  command(...args: string[]): Promise<CommandResult>;
  /** Ask the API as an administrator: GET, or POST where there is a body. */
  api<T>(path: string, body?: object): Promise<T>;
  /** Write the configuration file anew; a restart takes it up. */
  configure(change: (settings: Record<string, unknown>) => void): Promise<void>;
}

export interface NewMirror {
  name: string;
  upstream: string | undefined;
  archives: readonly string[];
  sshPort: number;
  sshUser: string;
  hostKey: string;
  pushKey: string | undefined;
  rsyncUrl: string | undefined;
}

export interface ReleaseView {
  serial: number;
  publishedAt: string;
}

export interface PushView {
  mirror: string;
  tier: number;
  sender: string;
  state: PushState;
  attempts: number;
  reason: string | null;
  sentAt: string | null;
  stagedAt: string | null;
  committedAt: string | null;
}

/** What `publish --json` prints (DESIGN section 5). */
export interface Published {
  archive: string;
  serial: number;
  files: number;
  bytes: number;
  changed: number;
  mirrors: { total: number; committed: number; failed: number };
  seconds: number;
}

export async function createMaster(options: { folder: string; network: string }): Promise<Master> {
  const { folder, network } = options;
  const config = join(folder, 'master.toml');
  await mkdir(folder, { recursive: true });
  await mustCommand(masterProgram, [
    'init',
    '--config',
    config,
    '--network',
    network,
    '--name',
    'master.example.org',
  ]);
  const settings: Record<string, unknown> = parse(await readFile(config, 'utf8'));
  const [port, rsyncPort] = [await freePort(), await freePort()];
  Object.assign(settings, {
    listen: { address: '127.0.0.1', port },
    rsyncd: { address: '127.0.0.1', port: rsyncPort, hosts_allow: ['127.0.0.0/8'] },
    push: { backoff_min: '1s', backoff_max: '5s', attempt_deadline: '10s' },
  });
  const write = () => writeFile(config, stringify(settings));
  await write();

  const path = (key: string) => String(settings[key]);
  const url = `http://127.0.0.1:${port}`;
  const run = (...args: string[]) =>
    mustCommand(masterProgram, [...args, '--config', config, '--json']);
  /** As an administrator: GET, or POST where there is a body. */
  async function api<T>(at: string, body?: object): Promise<T> {
    const token = (await readFile(path('admin_token_file'), 'utf8')).trim();
    const response = await fetch(url + at, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${at} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
  return {
    name: path('name'),
    folder,
    config,
    url,
    rsyncPort,
    signingKey: path('signing_key'),
    allowedSigners: path('allowed_signers'),
    pushKey: (await readFile(`${path('push_key')}.pub`, 'utf8')).trim(),
    pushKeyFile: path('push_key'),
    service: createService({
      name: 'master',
      argv: appArgv(masterProgram, 'serve', '--config', config),
      logFile: join(folder, 'master.log'),
      ready: async () => (await answers(rsyncPort)) && (await fetch(`${url}/readyz`)).ok,
    }),
    async addArchive(name, root, ...flags) {
      await run('archive', 'add', name, root, ...flags);
    },
    // By the API, since a command for each of hundreds of mirrors would take minutes.
    addMirror: ({ sshPort, sshUser, ...mirror }) =>
      api('/v1/mirrors', { ...mirror, ssh: { host: '127.0.0.1', port: sshPort, user: sshUser } }),
    async publish(archive, ...flags) {
      return (await run('publish', archive, ...flags)).json as Published;
    },
    async releases(archive) {
      const path = `/v1/rollouts?archive=${archive}`;
      return (await api<{ rollouts: ReleaseView[] }>(path)).rollouts;
    },
    async pushes(archive, serial) {
      return (await api<{ pushes: PushView[] }>(`/v1/rollouts/${archive}/${serial}`)).pushes;
    },
    command: (...args) => command(masterProgram, [...args, '--config', config]),
    api,
    async configure(change) {
      change(settings);
      await write();
    },
  };
}
