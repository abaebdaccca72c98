import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { answers, freePort } from './ports.ts';
import { createService, type Service } from './service.ts';
import { createKeyPair } from './ssh-keys.ts';

/** The system's own sshd, for one user, with keys of its own. */
export interface Sshd {
  service: Service;
  port: number;
  user: string;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
  /** The file of its public host key. */
  hostKeyFile: string;
  /** Replace the authorized_keys file. */
  authorize(lines: string[]): Promise<void>;
}

/** @param authorizedKeys the file that it goes by; one of its own when left out. */
export async function createSshd(
  folder: string,
  authorizedKeys = join(folder, 'authorized_keys'),
): Promise<Sshd> {
  await mkdir(folder, { recursive: true });
  // sshd wants its empty folder, which Debian's service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = await createKeyPair(join(folder, 'host_key'));
  const port = await freePort();
  const config = join(folder, 'sshd_config');
  // Sessions have a home of their own: what stands in this user's ~/.bashrc is not run for each, and not
  // killed in the midst of it. StrictModes is off since everybody may write to /tmp, above our folder; one daemon stands for
  // many hosts, so that more than the usual ten may log in at once.
  await writeFile(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${hostKey.path}
AuthorizedKeysFile ${authorizedKeys}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
MaxStartups 300
UsePAM no
SetEnv HOME=${folder}
PidFile none
`,
  );
  if (authorizedKeys.startsWith(`${folder}/`)) await writeFile(authorizedKeys, '');
  const service = createService({
    name: 'sshd',
    argv: ['/usr/sbin/sshd', '-D', '-e', '-f', config],
    logFile: join(folder, 'sshd.log'),
    ready: () => answers(port),
  });
  return {
    service,
    port,
    user: userInfo().username,
    hostKey: hostKey.publicKey,
    hostKeyFile: `${hostKey.path}.pub`,
    async authorize(lines) {
      await writeFile(authorizedKeys, lines.map((line) => `${line}\n`).join(''));
      await chmod(authorizedKeys, 0o600);
    },
  };
}
