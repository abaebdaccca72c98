import { receive, type Peer, type Reply } from '@pushmirror/trigger';
import { sourcesOnDisk } from './access/local.ts';
import { createAudit } from './audit.ts';
import { messageOf } from './errors.ts';
import { createInbox } from './inbox.ts';
import { createReceiver } from './receiver.ts';
import type { Settings } from './settings.ts';
import { openSigners } from './signers.ts';
import { prepareState, statePaths } from './state/paths.ts';

/**
 * Take a trigger while the daemon is down: judge the head and keep it where the daemon looks when it
 * starts. A hint needs no keeping, since the daemon asks all upstreams when it starts.
 */
export async function receiveOffline(
  settings: Settings,
  command: string,
  peer: { mirror: string; from: string | undefined },
  warn: (problem: string) => void,
): Promise<Reply> {
  const paths = statePaths(settings.config.state);
  await prepareState(paths);
  const audit = createAudit(paths.audit);
  const now = () => new Date();
  const signing = { path: settings.config.allowed_signers, network: settings.config.network };
  const sources = await sourcesOnDisk(settings, paths);
  const receiver = createReceiver({
    settings,
    rules: sources.rules,
    signers: openSigners({ ...signing, learntPath: paths.signers, now, onProblem: warn }).current,
    inbox: createInbox(paths.inbox, (path, reason) => warn(`${path} was moved aside: ${reason}`)),
    onOffered: async () => {},
    onHold: async () => {},
    hint: async () => 'accepted',
    audit: (entry) =>
      audit.append({ ...entry, via: 'push', offline: true }).catch((e) => warn(messageOf(e))),
    now,
  });
  const from: Peer = {
    mirror: peer.mirror,
    ...(peer.from === undefined ? {} : { from: peer.from }),
  };
  return receive(command, from, receiver);
}
