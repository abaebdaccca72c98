import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from '@pushmirror/host';

/** A mirror kept by the stock ftpsync, which is started by each push, as runmirrors does it. */
export interface StockMirror {
  tree: string;
  /** A push: ftpsync runs, or tells the one that runs to make another pass. */
  push(): void;
  /** SIGKILL to all that runs of it. @returns whether anything did. */
  kill9(): Promise<boolean>;
  /** Resolves when nothing of it runs. */
  idle(): Promise<void>;
}

export function isFtpsyncThere(): boolean {
  return existsSync('/usr/bin/ftpsync');
}

export async function createStockMirror(folder: string, rsyncPort: number): Promise<StockMirror> {
  const tree = join(folder, 'srv/debian');
  mkdirSync(tree, { recursive: true });
  mkdirSync(join(folder, '.config/ftpsync'), { recursive: true });
  const config = [
    'MIRRORNAME=stock.example.org',
    `TO=${tree}/`,
    'MAILTO=""',
    'RSYNC_HOST=127.0.0.1',
    'RSYNC_PATH=debian',
    `RSYNC_EXTRA="--port=${rsyncPort}"`,
    'EXCLUDE="--exclude=/project/pushmirror/"', // Our metadata is of no use to it.
    'UIPSLEEP=1',
    'UIPRETRIES=3',
  ];
  await writeFile(join(folder, '.config/ftpsync/ftpsync.conf'), `${config.join('\n')}\n`);
  const running = new Map<number, Promise<unknown>>();

  return {
    tree,
    push() {
      const log = openSync(join(folder, 'ftpsync.log'), 'a');
      // A group of its own, so that a kill hits its rsync too, as a power cut would.
      const child = spawn('ftpsync', ['sync:all'], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...plainEnvironment(), HOME: folder, LOGNAME: 'root' },
      });
      closeSync(log);
      const { pid } = child;
      if (pid === undefined) throw new Error('ftpsync could not be started.');
      running.set(
        pid,
        once(child, 'exit').finally(() => running.delete(pid)),
      );
    },
    async kill9() {
      const ended = [...running.values()];
      for (const pid of running.keys()) {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // It has ended just now.
        }
      }
      await Promise.all(ended);
      return ended.length > 0;
    },
    idle: async () => void (await Promise.all(running.values())),
  };
}
