import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { becomeOwnerOf, whyOf } from '@pushmirror/host';
import { AgentError } from '../errors.ts';

/** Where everything is in the state folder; docs/formats.md describes the files. */
export function statePaths(state: string) {
  return {
    root: state,
    /** The daemon's control socket. The forced command knows this name too. */
    socket: join(state, 'agent.sock'),
    /** ARCHIVE.head: the newest head heard of. */
    inbox: join(state, 'inbox'),
    /** ARCHIVE.json: what the tree holds. */
    committed: join(state, 'committed'),
    /** ARCHIVE.json: the head being relayed and how far each downstream's push is. */
    relay: join(state, 'relay'),
    outbox: join(state, 'outbox', 'reports.ndjson'),
    audit: join(state, 'audit.ndjson'),
    downstreams: join(state, 'downstreams.json'),
    /** The master's word on whom to let in and how to pull. */
    access: join(state, 'access.json'),
    /** The secrets with which to pull, one a file. */
    accounts: join(state, 'accounts'),
    /** What was learnt of who may sign. */
    signers: join(state, 'signers.json'),
    /** The key with which to pull over SSH, where the configuration names none. */
    pullKey: join(state, 'pull_key'),
    /** The host keys of upstreams over SSH, as the master told them. */
    knownHosts: join(state, 'known_hosts'),
    /** What lets downstreams pull over SSH: authorized_keys, and rsync's configurations. */
    rsyncSsh: join(state, 'rsync-ssh'),
    rsyncdConf: join(state, 'rsyncd', 'rsyncd.conf'),
    rsyncdPid: join(state, 'rsyncd', 'rsyncd.pid'),
    rsyncdLock: join(state, 'rsyncd', 'rsyncd.lock'),
    /** Scratch space of syncs. */
    sync: join(state, 'sync'),
  };
}

export type StatePaths = ReturnType<typeof statePaths>;

/** Unix socket addresses hold 107 bytes (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/**
 * Make the state folder and what it needs, for its owner only. Root goes on as that owner.
 *
 * @throws AgentError `state` when it cannot be made.
 */
export async function prepareState(paths: StatePaths): Promise<void> {
  if (Buffer.byteLength(paths.socket) > LONGEST_SOCKET_PATH) {
    throw new AgentError(
      'state',
      `${paths.socket} is too long for a socket's name. Take a state folder with a shorter path.`,
    );
  }
  becomeOwnerOf(paths.root);
  const folders = [paths.inbox, paths.committed, paths.relay, paths.sync];
  const parents = [join(paths.outbox, '..'), join(paths.rsyncdConf, '..')];
  try {
    await mkdir(paths.root, { recursive: true, mode: 0o700 });
    await chmod(paths.root, 0o700);
    for (const folder of [...folders, ...parents]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
  } catch (cause) {
    throw new AgentError(
      'state',
      `The state folder ${paths.root} cannot be used (${whyOf(cause)}). ` +
        'Make it, owned by the user that the agent runs as.',
      { cause },
    );
  }
}

/** Remove the scratch folders of looks at upstreams that a crash has cut short. */
export async function sweepScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('look-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}
