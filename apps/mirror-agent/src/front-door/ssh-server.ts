import { createServer, type AddressInfo, type Socket } from 'node:net';
import { errnoOf, readSecret } from '@pushmirror/host';
import { fingerprint } from '@pushmirror/acl';
import type { Peer, Reply } from '@pushmirror/trigger';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerConfig } from 'ssh2';
import { AgentError, messageOf } from '../errors.ts';
import { checkAuthentication, type AuthVerdict, type KnownKey } from './ssh-auth.ts';
import { createLimits } from './ssh-limits.ts';
import { serveSessions } from './ssh-session.ts';

/** The optional front door of our own, for hosts that do not want triggers at the system's sshd. */
export interface SshServer {
  /** Where it listens. */
  address: string;
  port: number;
  connections(): number;
  close(): Promise<void>;
}

export interface SshServerOptions {
  address: string;
  port: number;
  /** Path of an ed25519 private key. */
  hostKey: string;
  /** Who may log in, at this moment. */
  peers: () => readonly KnownKey[];
  /** An unknown key has come: resolves when it was asked whether `peers` should know it by now. */
  onStranger?: () => Promise<void>;
  receive: (command: string, peer: Peer) => Promise<Reply>;
  maxConnections: number;
  maxPerSource: number;
  /** Told of clients that did not get in, and of what went wrong with those that did. */
  onRefused: (from: string, reason: string) => void;
  deadlines?: Partial<typeof DEADLINES>;
}

/** Milliseconds. */
const DEADLINES = {
  /** From the first packet to the proof of a key. */
  beforeAuthMs: 20_000,
  answerMs: 10_000,
  silenceMs: 30_000,
  /** Without a trigger; a standing connection hears of heads more often than that. */
  idleMs: 26 * 3_600_000,
  keepaliveMs: 60_000,
};
const MOST_ATTEMPTS = 6;
const MOST_SESSIONS = 8;
/** Strangers make us ask the master about them no more often than that. */
const BETWEEN_QUESTIONS_MS = 5_000;

/**
 * What OpenSSH 7 and newer, dropbear, PuTTY, paramiko and asyncssh can all do; nothing with SHA-1.
 *
 * The older name of the key exchange comes first on purpose. dropbear sends a first packet on the
 * guess that its own first choice is ours too (RFC 4253, 7.1), and ssh2 1.17 drops that packet also
 * where the guess was right, so that both would wait for each other; with another name in front it is
 * wrong by the RFC's rule, and both know that. Which of the two is used is the client's choice.
 */
const ALGORITHMS: NonNullable<ServerConfig['algorithms']> = {
  kex: ['curve25519-sha256@libssh.org', 'curve25519-sha256'],
  serverHostKey: ['ssh-ed25519'],
  cipher: [
    'aes256-gcm@openssh.com',
    'aes128-gcm@openssh.com',
    'aes256-ctr',
    'aes192-ctr',
    'aes128-ctr',
  ],
  // The last one for dropbear, which has no encrypt-then-MAC.
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256'],
  compress: ['none'],
};

/**
 * Listen for triggers over SSH: known public keys only, our words only.
 *
 * ssh2 has no limits of its own before a client has authenticated, and one broken packet ends the
 * process where a client has no error listener; so the sockets are counted and timed here, before
 * ssh2 sees them.
 *
 * @throws AgentError `port-in-use`, or `config` for an address or host key that cannot be used.
 */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const limits = createLimits(options.maxConnections, options.maxPerSource);
  const sockets = new Map<string, { socket: Socket; admitted: () => void }>();

  const ssh = new ssh2.Server({
    hostKeys: [readHostKey(options.hostKey)],
    algorithms: ALGORITHMS,
    ident: 'pushmirror',
    keepaliveInterval: deadlines.keepaliveMs,
    keepaliveCountMax: 3,
  });
  ssh.on('connection', (client, { ip, port }) => {
    const entry = sockets.get(`${ip} ${port}`);
    if (entry === undefined) client.end();
    else serveClient(client, ip, entry.admitted);
  });
  ssh.on('error', (error: Error) => options.onRefused('', error.message));

  const tcp = createServer((socket) => {
    const { remoteAddress: ip, remotePort: port } = socket;
    socket.on('error', () => {}); // ssh2 tells the client object as well.
    if (ip === undefined || !limits.admit(socket)) {
      if (ip !== undefined) options.onRefused(ip, 'too many connections');
      return void socket.destroy();
    }
    const late = setTimeout(() => {
      options.onRefused(ip, 'it did not authenticate in time');
      socket.destroy();
    }, deadlines.beforeAuthMs);
    socket.once('close', () => {
      clearTimeout(late);
      sockets.delete(`${ip} ${port}`);
    });
    sockets.set(`${ip} ${port}`, { socket, admitted: () => clearTimeout(late) });
    socket.setNoDelay(true);
    ssh.injectSocket(socket);
  });

  let asking: Promise<void> | undefined;
  let askedAt = -Infinity;
  /** Undefined when that was asked a moment ago: many strangers are one question. */
  function askAboutStrangers(): Promise<void> | undefined {
    if (options.onStranger === undefined) return undefined;
    if (asking !== undefined) return asking;
    if (performance.now() - askedAt < BETWEEN_QUESTIONS_MS) return undefined;
    askedAt = performance.now();
    asking = options.onStranger().finally(() => (asking = undefined));
    return asking;
  }

  function serveClient(client: Connection, ip: string, admitted: () => void): void {
    let known: KnownKey | undefined;
    let attempts = 0;
    let gone = false;
    let idle: NodeJS.Timeout | undefined;
    const inUse = () => {
      clearTimeout(idle);
      idle = setTimeout(() => client.end(), deadlines.idleMs);
    };
    client.on('error', (error) => options.onRefused(ip, error.message));
    client.on('close', () => {
      gone = true;
      clearTimeout(idle);
    });
    const decide = (context: AuthContext, verdict: AuthVerdict) => {
      if (verdict.kind === 'no') {
        if (context.method !== 'none') options.onRefused(ip, verdict.reason);
        return context.reject(['publickey']);
      }
      if (verdict.kind === 'proven') known = verdict.peer;
      context.accept();
    };
    client.on('authentication', (context) => {
      attempts += 1;
      if (attempts > MOST_ATTEMPTS) return void client.end();
      const verdict = safely(() => checkAuthentication(context, options.peers()));
      const isUnknown = verdict.kind === 'no' && verdict.isUnknown === true;
      const asked = isUnknown ? askAboutStrangers() : undefined;
      if (asked === undefined) return decide(context, verdict);
      void asked.then(() => {
        if (gone) return;
        decide(
          context,
          safely(() => checkAuthentication(context, options.peers())),
        );
      });
    });
    client.on('ready', () => {
      admitted();
      inUse();
      const peer: Peer = {
        from: ip,
        ...(known === undefined ? {} : { mirror: known.name, key: fingerprint(known.key.blob) }),
      };
      serveSessions(client, {
        receive: (command) => options.receive(command, peer),
        answerDeadlineMs: deadlines.answerMs,
        silenceMs: deadlines.silenceMs,
        most: MOST_SESSIONS,
        onUse: inUse,
      });
    });
  }

  const bound = await listen(tcp, options.address, options.port);
  tcp.on('error', (error) => options.onRefused('', error.message));
  return {
    address: bound.address,
    port: bound.port,
    connections: limits.count,
    async close() {
      const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
      for (const { socket } of sockets.values()) socket.destroy();
      await closed;
    },
  };
}

/** A signature in a strange form makes ssh2 throw; that is one more refusal. */
function safely(check: () => AuthVerdict): AuthVerdict {
  try {
    return check();
  } catch (error) {
    return { kind: 'no', reason: messageOf(error) };
  }
}

function readHostKey(path: string): Buffer {
  const bytes = readSecret(path);
  const key = ssh2.utils.parseKey(bytes);
  if (key instanceof Error || key.type !== 'ssh-ed25519' || !key.isPrivateKey()) {
    throw new AgentError(
      'config',
      `${path} is not an ed25519 host key without a passphrase. ` +
        `Make one with: ssh-keygen -t ed25519 -N '' -f ${path}`,
    );
  }
  return bytes;
}

function listen(
  server: ReturnType<typeof createServer>,
  address: string,
  port: number,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const inUse = errnoOf(cause) === 'EADDRINUSE';
      const why = inUse ? 'is in use already' : `cannot be listened on (${errnoOf(cause)})`;
      const message = `ssh_server: ${address} port ${port} ${why}. Choose another in the configuration.`;
      reject(new AgentError(inUse ? 'port-in-use' : 'config', message, { cause }));
    });
    server.listen(port, address, () => {
      server.removeAllListeners('error');
      resolve(server.address() as AddressInfo);
    });
  });
}
