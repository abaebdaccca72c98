import { parsePublicKey, renderAuthorizedKey } from '@pushmirror/acl';
import type { SshSource } from '@pushmirror/trigger/access';
import type { ArchiveRow, MirrorRow } from '../db/schema.ts';
import { MASTER, treeOf } from './tree.ts';

/** What the master knows of itself that a mirror must know too. */
export interface MasterFacts {
  network: string;
  /** Of the API. */
  url: string;
  /** `rsync://HOST[:PORT]`, without an archive. */
  rsyncUrl: string;
  /** The public half of its push key, `ssh-ed25519 AAAA...`. */
  pushKey: string;
  /** The text of the allowed_signers file. */
  allowedSigners: string;
  /** Where it lets mirrors pull over SSH. */
  ssh?: SshSource | undefined;
}

/** All that an operator needs to set their mirror up; what files it belongs in is said in each. */
export interface OperatorKit {
  /** mirror-agent.toml. */
  agentConfig: string;
  /** For ~/.ssh/authorized_keys of the user that is pushed, one line for each possible sender. */
  authorizedKeys: string;
  allowedSigners: string;
}

const CONFIG = '/etc/pushmirror/mirror-agent.toml';
const AGENT = '/usr/bin/mirror-agent';
const FTPSYNC = '/usr/bin/ftpsync';

/**
 * Put together what the operator of a new mirror needs. Those that may push it are its upstream and
 * that one's upstreams up to the master, who takes over when a hub is away; the same go the URLs.
 */
export function operatorKit(
  mirror: MirrorRow,
  archives: readonly ArchiveRow[],
  mirrors: readonly MirrorRow[],
  master: MasterFacts,
): OperatorKit {
  const above = sourcesAbove(mirror, mirrors, master);
  return {
    agentConfig: agentConfig(mirror, archives, above, master),
    authorizedKeys: above
      .filter((source) => source.pushKey !== null)
      .map((source) => authorizedKey(mirror, source))
      .join(''),
    allowedSigners: master.allowedSigners,
  };
}

/** A place that a mirror may pull from, and that may push it. */
export interface Source {
  name: string;
  pushKey: string | null;
  rsyncUrl: string;
}

type Above = Pick<
  MirrorRow,
  'name' | 'kind' | 'state' | 'upstream' | 'push_key' | 'rsync_url' | 'ssh_host'
>;

/**
 * Where a mirror pulls from: its upstream first, the master last. Nobody is sent to a hub that is
 * suspended.
 */
export function sourcesAbove(
  mirror: Pick<MirrorRow, 'name'>,
  mirrors: readonly Above[],
  master: Pick<MasterFacts, 'pushKey' | 'rsyncUrl'>,
): Source[] {
  const byName = new Map(mirrors.map((row) => [row.name, row]));
  const hubs = treeOf(mirrors)
    .ancestors(mirror.name)
    .flatMap((name) => byName.get(name) ?? [])
    .filter(({ state }) => state === 'active' || state === 'paused')
    .map((hub) => ({
      name: hub.name,
      pushKey: hub.push_key,
      rsyncUrl: hub.rsync_url ?? `rsync://${bracketed(hub.ssh_host)}`,
    }));
  return [...hubs, { name: MASTER, pushKey: master.pushKey, rsyncUrl: master.rsyncUrl }];
}

function authorizedKey(mirror: MirrorRow, source: Source): string {
  const command =
    mirror.kind === 'ftpsync'
      ? [FTPSYNC]
      : [AGENT, 'receive', '--config', CONFIG, '--peer', source.name];
  const key = parsePublicKey(source.pushKey ?? '');
  return `${renderAuthorizedKey({ command, key, comment: source.name })}\n`;
}

function agentConfig(
  mirror: MirrorRow,
  archives: readonly ArchiveRow[],
  above: readonly Source[],
  master: MasterFacts,
): string {
  const lines = [
    `# ${CONFIG}: made by mirror-master mirror add. config/mirror-agent.toml explains every key.`,
    `name = ${quoted(mirror.name)}`,
    `network = ${quoted(master.network)}`,
    'state = "/var/lib/pushmirror"',
    'allowed_signers = "/etc/pushmirror/allowed_signers"',
    ...(mirror.push_key === null ? [] : ['push_key = "/etc/pushmirror/push_key"']),
    '',
    '[master]',
    `url = ${quoted(master.url)}`,
    'token_file = "/etc/pushmirror/token"',
    'follow_tree = true',
  ];
  for (const { name, pushKey } of above) {
    if (pushKey === null) continue;
    lines.push('', '[[peer]]', `name = ${quoted(name)}`, `key = ${quoted(pushKey)}`);
  }
  for (const archive of archives) {
    const urls = above.map((source) => `${source.rsyncUrl}/${archive.name}`);
    lines.push(
      '',
      '[[archive]]',
      `name = ${quoted(archive.name)}`,
      `to = ${quoted(`/srv/mirrors/${archive.name}`)}`,
      `profile = ${quoted(archive.profile)}`,
      `upstream = ${quoted(urls[0] ?? '')}`,
      `fallbacks = [${urls.slice(1).map(quoted).join(', ')}]`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** JSON's escapes are a part of those of TOML's basic strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
