import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sshPulls } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import type { AgentConfig } from '../config.ts';
import type { Told } from './let-in.ts';

/**
 * Let those pull over SSH whom the master's rules let: authorized_keys for the system's sshd, and a
 * configuration of rsync for each key. sshd and rsync read them anew for each client.
 *
 * @throws AclError where a value could not be written down safely.
 */
export async function letInOverSsh(
  config: Pick<AgentConfig, 'archive'>,
  rsync: string,
  folder: string,
  told: Told,
): Promise<void> {
  const { sshPullers: pullers = [], modules = [] } = typeof told === 'object' ? told : {};
  const paths = new Map(config.archive.map(({ name, to }) => [name, to]));
  const { lines, files } = sshPulls({
    pullers,
    modules,
    pathOf: (archive) => paths.get(archive),
    folder,
    rsync,
    within: [],
    exclude: NOT_OURS_TO_SHOW,
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { path, text } of files) await replaceFile(path, text, 0o600);
  const text = lines.map((line) => `${line}\n`).join('');
  await replaceFile(join(folder, 'authorized_keys'), text, 0o600);
  const wanted = new Set(files.map(({ path }) => path));
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.conf') && !wanted.has(path)) await rm(path, { force: true });
  }
}

/** What is only on its way into the tree. */
export const NOT_OURS_TO_SHOW = ['.~tmp~/', '/project/pushmirror/staging/'];
