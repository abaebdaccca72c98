import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import { ssh, type SshAnswer, type SshTarget } from '../harness/ssh-client.ts';
import { tool, tryTool } from '../harness/tool.ts';

/** An SSH client that is not ours: what it answers is the server's exit code and output. */
export interface ForeignClient {
  name: string;
  /** It knows the server by the target's host key alone. */
  send(target: SshTarget, command: string): Promise<SshAnswer>;
  version(): Promise<string>;
  /** Its words for a key that is not let in, and for a host key that is another. */
  says: { noEntry: RegExp; otherHost: RegExp };
}

/** The one that Debian's python3-* packages are for; PATH may have another before it. */
const PYTHON = '/usr/bin/python3';
const DEADLINE = { deadlineMs: 40_000 };
const script = (name: string) => join(import.meta.dirname, name);

export const foreignClients: readonly ForeignClient[] = [
  {
    name: 'OpenSSH',
    send: ssh,
    version: () => said(['ssh', '-V']),
    says: { noEntry: /Permission denied/, otherHost: /Host key verification failed/ },
  },
  {
    name: 'dropbear',
    send: dropbear,
    version: () => said(['dbclient', '-V']),
    says: { noEntry: /No auth methods could be used/, otherHost: /host key mismatch/ },
  },
  {
    name: 'PuTTY',
    send: putty,
    version: () => said(['plink', '-V']),
    says: {
      noEntry: /Server refused our key/,
      otherHost: /Host key not in manually configured list/,
    },
  },
  inPython('paramiko', 'with_paramiko.py', {
    noEntry: /Authentication failed/,
    otherHost: /BadHostKeyException/,
  }),
  inPython('asyncssh', 'with_asyncssh.py', {
    noEntry: /PermissionDenied/,
    otherHost: /HostKeyNotVerifiable/,
  }),
];

/** It reads a private key of its own format, and known_hosts of its HOME, by the host alone. */
async function dropbear(target: SshTarget, command: string): Promise<SshAnswer> {
  const { port, user, hostKey, identity, folder } = target;
  const key = `${identity}.dropbear`;
  await rm(key, { force: true });
  await tool(['dropbearconvert', 'openssh', 'dropbear', identity, key]);
  await mkdir(join(folder, '.ssh'), { recursive: true });
  await writeFile(join(folder, '.ssh/known_hosts'), `127.0.0.1 ${hostKey}\n`);
  return tryTool(['dbclient', '-T', '-i', key, '-p', `${port}`, `${user}@127.0.0.1`, command], {
    ...DEADLINE,
    env: { HOME: folder },
  });
}

async function putty(target: SshTarget, command: string): Promise<SshAnswer> {
  const { port, user, hostKey, identity, folder } = target;
  const key = `${identity}.ppk`;
  await tool(['puttygen', identity, '-O', 'private', '-o', key]);
  const pinned = fingerprint(parsePublicKey(hostKey).blob);
  const login = ['-P', `${port}`, '-l', user, '-i', key, '-hostkey', pinned];
  return tryTool(['plink', '-ssh', '-batch', '-noagent', '-T', ...login, '127.0.0.1', command], {
    ...DEADLINE,
    env: { HOME: folder },
  });
}

function inPython(module: string, file: string, says: ForeignClient['says']): ForeignClient {
  return {
    name: module,
    says,
    send: ({ identity, user, port, hostKey, folder }, command) =>
      tryTool([PYTHON, script(file), identity, user, `${port}`, hostKey, command], {
        ...DEADLINE,
        env: { HOME: folder },
      }),
    version: () => said([PYTHON, '-c', `import ${module}; print(${module}.__version__)`]),
  };
}

/** Some tell their version on stderr, and some end with 1 or 255 when they do. */
async function said(argv: readonly [string, ...string[]]): Promise<string> {
  const { stdout, stderr } = await tryTool(argv);
  return `${stdout}${stderr}`.split('\n')[0] ?? '';
}
