import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'smol-toml';
import { agentProgram, appArgv, command, type CommandResult } from './app.ts';
import { answers, freePort } from './ports.ts';
import { createService, type Service } from './service.ts';
import { createKeyPair, type KeyPair } from './ssh-keys.ts';

/** A `mirror-agent serve` with its own embedded SSH server and, on a hub, its own rsync daemon. */
export interface Agent {
  name: string;
  service: Service;
  folder: string;
  state: string;
  config: string;
  sshPort: number;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
  /** With which it pushes its downstreams. */
  pushKey: KeyPair;
  /** Only where it serves others. */
  rsyncPort: number | undefined;
  /** The folder that readers of an archive are served from. */
  tree(archive: string): string;
  /** Set it up with what the master gave for it, as its operator would. */
  install(kit: OperatorKit): Promise<void>;
  kit(): OperatorKit;
  /** Write the configuration file with changes; a restart takes them up. */
  configure(change: (settings: AgentSettings) => void): Promise<void>;
  /** The same, but the next `configure` starts from what was there before. */
  misconfigure(change: (settings: AgentSettings) => void): Promise<void>;
  /** Run `mirror-agent ... --config FILE`. */
  command(...args: string[]): Promise<CommandResult>;
  /** The entries of its audit file, oldest first. */
  audit(): Promise<Record<string, unknown>[]>;
}

/** What `mirror add` gives for the mirror's operator. */
export interface OperatorKit {
  token: string;
  /** A mirror-agent.toml. */
  agentConfig: string;
  authorizedKeys: string;
  allowedSigners: string;
}

/** What goes into mirror-agent.toml; the keys are the file's own. */
export interface AgentSettings {
  [key: string]: unknown;
  peer: { name: string; key: string; from?: string[]; archives?: string[] }[];
  archive: { name: string; [key: string]: unknown }[];
}

export interface AgentOptions {
  name: string;
  folder: string;
  /** A hub serves rsync. */
  hub: boolean;
  archives: readonly string[];
  /** Merged into each archive's settings. */
  archiveSettings?: Record<string, unknown>;
}

export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { name, folder } = options;
  const state = join(folder, 'state');
  const config = join(folder, 'mirror-agent.toml');
  await mkdir(state, { recursive: true });
  const hostKey = await createKeyPair(join(folder, 'host_key'));
  const pushKey = await createKeyPair(join(folder, 'push_key'));
  const sshPort = await freePort();
  const rsyncPort = options.hub ? await freePort() : undefined;
  const tree = (archive: string) => join(folder, 'srv', archive);
  for (const archive of options.archives) await mkdir(tree(archive), { recursive: true });
  let settings: AgentSettings = { peer: [], archive: [] };
  let installed: OperatorKit | undefined;

  /** The operator's kit knows the network; what is of this machine alone is filled in. */
  async function install(kit: OperatorKit): Promise<void> {
    installed = kit;
    const given = parse(kit.agentConfig) as unknown as AgentSettings;
    const file = (name: string) => join(folder, name);
    await writeFile(file('token'), `${kit.token}\n`, { mode: 0o600 });
    await writeFile(file('allowed_signers'), kit.allowedSigners);
    settings = {
      ...given,
      state,
      allowed_signers: file('allowed_signers'),
      // Tests put proxies between mirrors, so that the file's upstream must stand.
      master: { ...(given['master'] as object), token_file: file('token'), follow_tree: false },
      trace: { host: name, maintainer: 'Test <test@example.org>', country: 'DE' },
      ssh_server: { address: '127.0.0.1', port: sshPort, host_key: hostKey.path },
      ...(options.hub ? { push_key: pushKey.path } : {}),
      ...(rsyncPort === undefined ? {} : { rsyncd: { address: '127.0.0.1', port: rsyncPort } }),
      archive: given.archive.map((archive) => ({
        ...archive,
        to: tree(archive.name),
        min_free: '1M',
        poll: { every: '1h', jitter: '1s' },
        ...options.archiveSettings,
      })),
    };
    await write();
  }
  const write = () => writeFile(config, stringify(settings));

  return {
    name,
    folder,
    state,
    config,
    sshPort,
    hostKey: hostKey.publicKey,
    pushKey,
    rsyncPort,
    tree,
    service: createService({
      name,
      argv: appArgv(agentProgram, 'serve', '--config', config),
      logFile: join(folder, 'agent.log'),
      ready: async () => {
        const doors: (string | number)[] = [join(state, 'agent.sock')];
        if ('ssh_server' in settings) doors.push(sshPort);
        if (rsyncPort !== undefined) doors.push(rsyncPort);
        return (await Promise.all(doors.map(answers))).every(Boolean);
      },
    }),
    install,
    kit() {
      if (installed === undefined) throw new Error(`${name} has not been installed.`);
      return installed;
    },
    async misconfigure(change) {
      const copy = structuredClone(settings);
      change(copy);
      await writeFile(config, stringify(copy));
    },
    async configure(change) {
      change(settings);
      await write();
    },
    command: (...args) => command(agentProgram, [...args, '--config', config]),
    async audit() {
      const text = await readFile(join(state, 'audit.ndjson'), 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}
