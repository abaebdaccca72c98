import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { answers, freePort } from '../../harness/ports.ts';
import { createKeyPair, type KeyPair } from '../../harness/ssh-keys.ts';
import { waitFor } from '../../harness/wait.ts';

/** The system's sshd, at any address of loopback, which lets 500 connections begin at once and counts what it is sent. */
export interface CountingSshd {
  port: number;
  user: string;
  hostKey: string;
  /** From now on; resolves with the time (epoch, ms) when this many triggers have been received. */
  receive(count: number): Promise<number>;
  stop(): Promise<void>;
}

/**
 * sshd runs a forced command by the user's shell, and bash then reads .bashrc, which may cost more
 * than all the rest: where we may, sshd sees an empty one. It ends with the benchmark.
 */
const withoutRc =
  process.getuid?.() === 0
    ? [
        '--pdeathsig',
        'TERM',
        '--',
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount --bind /dev/null ~/.bashrc 2>/dev/null; exec "$0" "$@"',
      ]
    : ['--pdeathsig', 'TERM', '--'];

export async function startCountingSshd(folder: string, userKey: KeyPair): Promise<CountingSshd> {
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = await createKeyPair(join(folder, 'sshd_host_key'));
  const port = await freePort();
  const tally = join(folder, 'tally');
  const script = join(folder, 'forced-command');
  const reply = '{"result":"accepted","archive":"debian","serial":2026112101}';
  await writeFile(script, `#!/bin/sh\necho >> ${tally}\necho '${reply}'\n`, { mode: 0o755 });
  const authorized = join(folder, 'authorized_keys');
  await writeFile(authorized, `restrict,command="${script}" ${userKey.publicKey}\n`);
  const config = join(folder, 'sshd_config');
  await writeFile(
    config,
    `Port ${port}
ListenAddress 0.0.0.0
AllowUsers *@127.0.0.0/8
HostKey ${hostKey.path}
AuthorizedKeysFile ${authorized}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 500
PidFile none
`,
  );
  const sshd = spawn('setpriv', [...withoutRc, '/usr/sbin/sshd', '-D', '-e', '-f', config], {
    stdio: 'ignore',
  });
  await waitFor(() => answers(port), { deadlineMs: 10_000, describe: 'sshd answers' });
  return {
    port,
    user: userInfo().username,
    hostKey: hostKey.publicKey,
    async receive(count) {
      await writeFile(tally, '');
      await waitFor(async () => (await stat(tally)).size >= count, {
        deadlineMs: 180_000,
        everyMs: 5,
        describe: `${count} triggers are received`,
      });
      return (await stat(tally)).mtimeMs;
    },
    async stop() {
      sshd.kill('SIGTERM');
      await once(sshd, 'exit');
    },
  };
}
