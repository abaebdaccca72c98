import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunResult } from '@pushmirror/host';
import { tempFolder } from '../harness/temp-folder.ts';
import { tryTool } from '../harness/tool.ts';
import { waitFor } from '../harness/wait.ts';
import { makeCertificates } from './certificates.ts';

const folder = import.meta.dirname;
const repository = resolve(folder, '../..');
const NAME_SERVER = '11.0.0.53';
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  // Everybody trusts the test's certificates.
  NODE_EXTRA_CA_CERTS: '/etc/ssl/docs/ca.pem',
};

export interface NewHost {
  /** The first is its own. */
  names: readonly string[];
  /** Its web server passes everything on to this port, instead of showing /srv/mirrors. */
  proxyTo?: number;
}

/** A host of the documents' network: a root of its own in which nothing of ours is installed. */
export interface Host {
  name: string;
  /** Run a shell text as root, in /root. */
  run(text: string, deadlineMs?: number): Promise<RunResult>;
}

export interface World {
  host(name: string): Host;
  close(): Promise<void>;
}

/** Whether this machine can have one: as root, with namespaces. */
export async function canHaveWorld(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/unshare')) return false;
  return (await tryTool(['unshare', '--mount', '--net', '--pid', '--fork', 'true'])).code === 0;
}

/**
 * Hosts with public names and addresses, a web server on each and a name server for all, in namespaces
 * of their own on this machine, so that documents can be run in it word by word.
 */
export async function createWorld(hosts: readonly NewHost[]): Promise<World> {
  const temp = await tempFolder('docs');
  const processes: ChildProcess[] = [];
  const found = new Map<string, Host>();

  /** Make namespaces. @returns their first process, which has said "up" */
  async function enter(...argv: string[]): Promise<number> {
    const options = ['--kill-child', '--fork', '--pid', '--net', ...argv];
    const process = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    processes.push(process);
    for await (const line of createInterface(process.stdout)) if (line === 'up') break;
    const { pid = 0 } = process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(children.trim());
  }

  async function close(): Promise<void> {
    for (const process of processes) process.kill('SIGKILL');
    await temp.remove();
  }

  try {
    const zone: Record<string, string> = {};
    await makeCertificates(
      temp.path,
      hosts.flatMap(({ names }) => names),
    );
    const lan = await enter('bash', '-c', `${makeLan} && echo up && read -r _`);
    for (const [index, { names, proxyTo }] of hosts.entries()) {
      const [name = ''] = names;
      const address = `11.0.0.${index + 1}`;
      for (const one of names) zone[one] = address;
      const spaces = ['--uts', '--ipc', '--mount'];
      const work = join(temp.path, name);
      const pid = await enter(
        ...spaces,
        join(folder, 'host.sh'),
        work,
        repository,
        name,
        temp.path,
      );
      await must(['bash', '-c', connect(lan, pid, index, address)]);
      const host = hostAt(name, pid);
      found.set(name, host);
      const web = [
        '/opt/pushmirror/test/docs/web.mjs',
        '/etc/ssl/docs/key.pem',
        '/etc/ssl/docs/cert.pem',
      ];
      processes.push(
        start([...into(pid), 'node', ...web, ...(proxyTo === undefined ? [] : [`${proxyTo}`])]),
      );
    }
    const names = ['node', join(folder, 'names.mjs'), JSON.stringify(zone)];
    processes.push(start(['nsenter', '--target', `${lan}`, '--net', ...names]));
    for (const host of found.values()) {
      await waitFor(
        async () =>
          (await host.run(`getent hosts ${host.name} && ss -ltn | grep -q ':443 '`)).code === 0,
        {
          deadlineMs: 30_000,
          everyMs: 200,
          describe: `${host.name} has a name and a web server`,
        },
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close,
    host(name) {
      const host = found.get(name);
      if (host === undefined)
        throw new Error(`There is no host ${name} in the documents' network.`);
      return host;
    },
  };
}

const makeLan = [
  'ip link set lo up',
  'ip link add lan type bridge',
  'ip link set lan up',
  `ip addr add ${NAME_SERVER}/24 dev lan`,
].join(' && ');

/** A cable from a host to the LAN. */
function connect(lan: number, host: number, index: number, address: string): string {
  const at = (pid: number) => `nsenter --target ${pid} --net ip`;
  return [
    `${at(lan)} link add host${index} type veth peer name eth0 netns ${host}`,
    `${at(lan)} link set host${index} master lan up`,
    `${at(host)} addr add ${address}/24 dev eth0`,
    `${at(host)} link set eth0 up`,
    `${at(host)} route add default via ${NAME_SERVER}`,
  ].join(' && ');
}

function into(pid: number): [string, ...string[]] {
  const spaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--root', '--wdns=/root'];
  const environment = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  return ['nsenter', '--target', `${pid}`, ...spaces, '--', 'env', '-i', ...environment];
}

function hostAt(name: string, pid: number): Host {
  return {
    name,
    run: (text, deadlineMs = 120_000) =>
      tryTool([...into(pid), 'bash', '-c', text], { deadlineMs }),
  };
}

function start([program = '', ...args]: string[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function must(argv: [string, ...string[]]): Promise<void> {
  const { code, stderr } = await tryTool(argv);
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}
