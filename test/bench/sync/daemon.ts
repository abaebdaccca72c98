import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { renderRsyncdConf } from '@pushmirror/acl';
import { freePort } from '../../harness/ports.ts';
import { waitFor } from '../../harness/wait.ts';

/** The upstream's rsync daemon; its children are the other end of every sync. */
export async function startDaemon(folder: string, path: string) {
  const port = await freePort();
  const config = join(folder, 'rsyncd.conf');
  const modules = [{ name: 'bench', path }];
  await writeFile(config, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', 'rsync', '--daemon', '--no-detach', `--config=${config}`],
    { stdio: 'ignore' },
  );
  await once(child, 'spawn');
  await delay(500);
  const pid = child.pid ?? 0;
  return {
    pid,
    port,
    url: `rsync://127.0.0.1:${port}/bench`,
    /** Until it has no children. */
    idle: () =>
      waitFor(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() === '', {
        deadlineMs: 60_000,
        describe: "the end of the daemon's children",
        everyMs: 5,
      }),
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
