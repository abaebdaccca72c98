/** What the tests of the senders share; there are no tests in this file. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as openSocket, type AddressInfo, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import type { Connection as ServerConnection, ServerChannel } from 'ssh2';
import type { PushTarget } from './sender.ts';

/** A folder that goes when the test has ended. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushmirror-send-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface KeyPair {
  path: string;
  /** `ssh-ed25519 AAAA...` */
  line: string;
}

/** A key pair made by ssh-keygen. */
export function newKey(folder: string, name: string, type = 'ed25519'): KeyPair {
  const path = join(folder, name);
  const made = spawnSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', path]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  return { path, line: readFileSync(`${path}.pub`, 'utf8').trim() };
}

/** A server that does something with each raw connection; what is left is cut at the end. */
export async function rawServer(
  t: TestContext,
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; connections: () => number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

/**
 * A port whose connections are never answered: a listener that accepts nothing (its process is
 * stopped) and whose queue is full, so that the kernel drops what else comes.
 */
export async function fullBacklog(t: TestContext): Promise<{ port: number }> {
  const listen = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
    function () { console.log(this.address().port); })`;
  const listener = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(listener.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  listener.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => openSocket(port, '127.0.0.1'));
  for (const filler of fillers) filler.on('error', () => {});
  t.after(async () => {
    for (const filler of fillers) filler.destroy();
    listener.kill('SIGKILL');
    await once(listener, 'exit');
  });
  await delay(30);
  return { port };
}

export interface TestServer {
  port: number;
  hostKey: string;
  /** Every connection ever accepted, and those that are open. */
  accepted: () => number;
  open: () => number;
  commands: string[];
  /** Cut every connection, as a restart does. */
  cutAll: () => void;
  /** Stop reading and writing on every connection without closing any, as a dead link does. */
  freezeAll: () => void;
  stop: () => Promise<void>;
}

export interface TestServerOptions {
  hostKey: KeyPair;
  /** The client keys that are let in; all when left out. */
  userKey?: KeyPair;
  /** What the forced command does; answers `accepted` when left out. */
  onExec?: (channel: ServerChannel, command: string) => void;
  rejectExec?: boolean;
  rejectSessions?: boolean;
  port?: number;
  /** Called before the client's login is looked at; return true to leave it waiting. */
  stallLogin?: boolean;
}

export const ACCEPTED = '{"result":"accepted","archive":"debian","serial":2026112101}\n';

/** Answer like an agent does: one line and an exit code. */
export function answer(channel: ServerChannel, line = ACCEPTED, exitCode = 0): void {
  channel.write(line);
  channel.exit(exitCode);
  channel.end();
}

/** An SSH server of ssh2 on loopback. */
export async function sshServer(t: TestContext, options: TestServerOptions): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  let accepted = 0;
  const allowed = options.userKey && ssh2.utils.parseKey(options.userKey.line);
  const onClient = (client: ServerConnection) => {
    client.on('error', () => {});
    client.on('authentication', (login) => {
      if (options.stallLogin === true) return;
      if (login.method !== 'publickey') return login.reject(['publickey']);
      if (allowed === undefined || allowed instanceof Error) return login.accept();
      if (!login.key.data.equals(allowed.getPublicSSH())) return login.reject(['publickey']);
      if (login.signature === undefined) return login.accept();
      const signed = allowed.verify(login.blob ?? Buffer.alloc(0), login.signature, login.hashAlgo);
      return signed === true ? login.accept() : login.reject();
    });
    client.on('session', (accept, reject) => {
      if (options.rejectSessions === true) return reject();
      accept().on('exec', (acceptExec, rejectExec, { command }) => {
        commands.push(command);
        if (options.rejectExec === true) return rejectExec();
        const channel = acceptExec();
        channel.on('error', () => {});
        (options.onExec ?? ((one) => answer(one)))(channel, command);
      });
    });
  };
  const ssh = new ssh2.Server({ hostKeys: [readFileSync(options.hostKey.path)] }, onClient);
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    server.close();
    cutAll();
    await once(server, 'close');
  };
  t.after(() => {
    if (server.listening) server.close();
    cutAll();
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: options.hostKey.line,
    accepted: () => accepted,
    open: () => sockets.size,
    commands,
    cutAll,
    freezeAll: () => {
      for (const socket of sockets) {
        socket.pause();
        socket.removeAllListeners('data');
        socket.removeAllListeners('readable');
        socket.pause();
      }
    },
    stop,
  };
}

export interface SystemSshd {
  port: number;
  user: string;
  hostKey: string;
  /** The connections that commands came over, by the forced command's own account. */
  connections: () => number;
  /** Kill every process that serves a connection. */
  cutAll: () => void;
}

/**
 * The system's own sshd on a port of its own, whose one user runs `forcedCommand` (a shell script)
 * whatever is asked for.
 */
export async function systemSshd(
  t: TestContext,
  folder: string,
  options: { userKey: KeyPair; forcedCommand: string },
): Promise<SystemSshd> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = newKey(folder, 'sshd_host_key');
  const script = join(folder, 'forced-command');
  const log = join(folder, 'connections');
  writeFileSync(log, '');
  writeFileSync(script, `#!/bin/sh\necho "$SSH_CONNECTION" >> ${log}\n${options.forcedCommand}\n`, {
    mode: 0o755,
  });
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, `restrict,command="${script}" ${options.userKey.line}\n`);
  chmodSync(authorized, 0o600);
  const port = await freePort();
  const config = join(folder, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey.path}`,
      `AuthorizedKeysFile ${authorized}`,
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'MaxStartups 500',
      'PidFile none',
      '',
    ].join('\n'),
  );
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: 'ignore' });
  t.after(async () => {
    sshd.kill('SIGTERM');
    if (sshd.exitCode === null && sshd.signalCode === null) await once(sshd, 'exit');
  });
  await untilTrue(() => answers(port));
  return {
    port,
    user: userInfo().username,
    hostKey: hostKey.line,
    connections: () => new Set(readFileSync(log, 'utf8').trim().split('\n')).size,
    cutAll: () => void spawnSync('pkill', ['-KILL', '-P', String(sshd.pid)]),
  };
}

/** A port of loopback where nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function targetOf(
  server: { port: number; hostKey: string },
  more: Partial<PushTarget> = {},
) {
  const target: PushTarget = {
    mirror: 'mirror1',
    host: '127.0.0.1',
    port: server.port,
    user: 'mirror',
    hostKey: server.hostKey,
    ...more,
  };
  return target;
}

/** Wait, a few milliseconds at a time and 20 s at most, until something is so. */
export async function untilTrue(test: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 4_000; tries += 1) {
    if (await test()) return;
    await delay(5);
  }
  throw new Error('It did not become so within 20 s.');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
