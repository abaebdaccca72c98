import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Debian's runmirrors with a configuration and a home of its own. */
export interface StockRunmirrors {
  /** Push once: when it began, and what all its processes cost together. */
  push(options: { countProcesses: boolean }): Promise<{
    startedAt: number;
    ended: Promise<{ cpuMs: number; peakProcesses: number }>;
  }>;
}

/**
 * runmirrors leaves its ssh processes behind, so a small Python program adopts what is orphaned
 * (PR_SET_CHILD_SUBREAPER), waits for all of it and adds up its processor time.
 */
const ADOPTER = `
import ctypes, os, resource, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) * 1000)
`;

export async function createStockRunmirrors(options: {
  folder: string;
  mirrors: number;
  port: number;
  user: string;
  hostKey: string;
  privateKeyPath: string;
}): Promise<StockRunmirrors> {
  const home = join(options.folder, `runmirrors-${options.port}`);
  const config = join(home, '.config/ftpsync');
  await mkdir(config, { recursive: true });
  const knownHosts = join(home, 'known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${options.port} ${options.hostKey}\n`);
  const lines = Array.from(
    { length: options.mirrors },
    (_, number) => `all mirror${number} 127.0.0.1 ${options.user} -p ${options.port}`,
  );
  await writeFile(join(config, 'runmirrors.mirror'), `${lines.join('\n')}\n`);
  await writeFile(
    join(config, 'runmirrors.conf'),
    `BASEDIR=${home}
MAILTO=root
KEYFILE=${options.privateKeyPath}
SSH_OPTS="-F none -o UserKnownHostsFile=${knownHosts} -o IdentitiesOnly=yes -o IdentityAgent=none"
`,
  );
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, LOGNAME: 'root', LC_ALL: 'C.UTF-8' };

  return {
    push({ countProcesses }) {
      const startedAt = Date.now();
      const argv = ['-c', ADOPTER, '/usr/bin/runmirrors', '-k', 'all'];
      const child = spawn('python3', argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      let peakProcesses = 0;
      const count = async () => {
        while (child.exitCode === null) {
          const pids = await descendantsOf(child.pid ?? 0);
          peakProcesses = Math.max(peakProcesses, pids);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      if (countProcesses) void count();
      const ended = once(child, 'close').then(() => ({ cpuMs: Number(out), peakProcesses }));
      return Promise.resolve({ startedAt, ended });
    },
  };
}

/** How many processes there are below one. */
async function descendantsOf(pid: number): Promise<number> {
  const children = new Map<number, number[]>();
  await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      }),
  );
  const below = (of: number): number =>
    (children.get(of) ?? []).reduce((sum, child) => sum + 1 + below(child), 0);
  return below(pid);
}
