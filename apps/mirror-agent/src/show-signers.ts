import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_FOLDER } from '@pushmirror/manifest';
import { SIGNERS_PATH } from '@pushmirror/trigger/head/signers';
import type { AgentConfig } from './config.ts';
import { readTreeFile, writeTreeFile } from './sync/tree-files.ts';

/** Let downstreams find in our trees what we have learnt of who may sign. */
export async function showSigners(
  archives: AgentConfig['archive'],
  texts: Buffer,
  onProblem: (error: unknown) => void,
): Promise<void> {
  if (texts.length === 0) return;
  for (const { to } of archives) {
    try {
      if (!existsSync(join(to, OWN_FOLDER))) continue; // With the first sync, and then the next poll.
      const shown = await readTreeFile(join(to, SIGNERS_PATH));
      if (shown?.equals(texts) !== true) await writeTreeFile(to, SIGNERS_PATH, texts);
    } catch (error) {
      onProblem(error);
    }
  }
}
