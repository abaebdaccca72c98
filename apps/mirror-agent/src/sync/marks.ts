import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CHANGING_FILE,
  inProgressFile,
  UPDATE_IN_PROGRESS,
  updateRequiredFile,
} from './own-files.ts';
import { removeTreeFile, writeTreeFile } from './tree-files.ts';
import { inProgressIn } from './upstream.ts';

/** The marks in the tree by which others see what a mirror is doing. */
export interface Marks {
  /** ftpsync's Archive-Update-in-Progress-NAME: from before hook1 until after hook4. */
  showInProgress(): Promise<void>;
  hideInProgress(): Promise<void>;
  /**
   * ftpsync's Archive-Update-Required-NAME: there at the start of a sync and whenever there is
   * news during one; taken away before stage 1. Whoever puts it there asks for another pass.
   */
  showUpdateRequired(): Promise<void>;
  hideUpdateRequired(): Promise<void>;
  updateRequired(): Promise<boolean>;
  /** Ours: the tree stands between two releases. Kept over crashes and failed syncs. */
  showChanging(content?: string): Promise<void>;
  hideChanging(): Promise<void>;
  /**
   * The marks of upstreams in a sync that stage 1 brought along; they are taken away, as ftpsync
   * does, and come again as long as the upstream has them.
   */
  takeUpstreamMarks(): Promise<string[]>;
  /** The process id of a stock ftpsync that works on this tree under our name. */
  runningFtpsync(): Promise<number | undefined>;
}

export function createMarks(to: string, mirror: string): Marks {
  const inProgress = join(to, inProgressFile(mirror));
  const required = join(to, updateRequiredFile(mirror));
  return {
    // ftpsync looks whether the process in there lives before it starts; ours does.
    showInProgress: async () => put(inProgress, `${process.pid}\n`),
    hideInProgress: async () => rmSync(inProgress, { force: true }),
    showUpdateRequired: async () => put(required, ''),
    hideUpdateRequired: async () => rmSync(required, { force: true }),
    updateRequired: async () => existsSync(required),
    showChanging: (content = '') => writeTreeFile(to, CHANGING_FILE, content),
    hideChanging: () => removeTreeFile(to, CHANGING_FILE),
    async takeUpstreamMarks() {
      const names = readdirSync(to);
      const own = inProgressFile(mirror);
      for (const name of names) {
        if (!name.startsWith(UPDATE_IN_PROGRESS) || name === own) continue;
        rmSync(join(to, name), { force: true, recursive: true });
      }
      return inProgressIn(names, mirror);
    },
    async runningFtpsync() {
      const pid = Number(textIn(inProgress).trim());
      if (!Number.isSafeInteger(pid) || pid < 1 || pid === process.pid) return undefined;
      return textIn(`/proc/${pid}/cmdline`).includes('ftpsync') ? pid : undefined;
    },
  };
}

function put(path: string, content: string): void {
  writeFileSync(path, content);
  chmodSync(path, 0o644);
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
