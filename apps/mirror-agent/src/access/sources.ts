import { isMirrorName, parsePublicKey, type Rule } from '@pushmirror/acl';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { compileRules } from '../access.ts';
import type { AgentConfig, ArchiveConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { KnownKey } from '../front-door/ssh-auth.ts';
import type { Settings } from '../settings.ts';
import { parseUpstream } from '../sync/upstream-url.ts';

/**
 * Where this mirror pulls from, and who may push it: by its configuration file, or, with
 * `follow_tree`, by the master's tree as it was last told.
 */
export interface Sources {
  /** An archive whose upstream and fallbacks are always those of the moment. */
  following(archive: ArchiveConfig): ArchiveConfig;
  peers(): readonly KnownKey[];
  rules(): readonly Rule[];
  /** Take over what the master told. */
  take(told: AccessResponse): void;
}

interface Above {
  /** `rsync://HOST[:PORT]`, the upstream first. */
  urls: readonly string[];
  /** The same over SSH, `ssh://USER@HOST[:PORT]`, where that is offered. */
  sshUrls: readonly string[];
  peers: readonly KnownKey[];
  rules: readonly Rule[];
}

const MOST_FALLBACKS = 10;

export function createSources(settings: Settings, onProblem: (reason: string) => void): Sources {
  const { config } = settings;
  const follows = config.master?.follow_tree === true;
  let above: Above | undefined;

  return {
    following(archive) {
      // Whoever pulls over SSH goes on to.
      const isSsh = archive.upstream.startsWith('ssh://');
      const urls = () => {
        const bases = (isSsh ? above?.sshUrls : above?.urls) ?? [];
        return bases.length === 0 ? undefined : bases.map((url) => `${url}/${archive.name}`);
      };
      return {
        ...archive,
        get upstream() {
          return urls()?.[0] ?? archive.upstream;
        },
        get fallbacks() {
          return urls()?.slice(1, 1 + MOST_FALLBACKS) ?? archive.fallbacks;
        },
      };
    },
    peers: () => above?.peers ?? settings.peers,
    rules: () => above?.rules ?? settings.rules,
    take({ sources }) {
      if (!follows || sources.length === 0) return; // A master of before it told, or none to follow.
      above = readAbove(config.peer, sources, onProblem) ?? above;
    },
  };
}

/** Undefined when nothing of it can be used: then what was known goes on. */
function readAbove(
  restrictions: AgentConfig['peer'],
  sources: AccessResponse['sources'],
  onProblem: (reason: string) => void,
): Above | undefined {
  const urls: string[] = [];
  const sshUrls: string[] = [];
  const peers: KnownKey[] = [];
  for (const { name, rsyncUrl, pushKey, pushKeys = [], ssh } of sources) {
    try {
      if (!isMirrorName(name)) throw new Error('it has no plain name');
      const url = rsyncUrl.replace(/\/+$/, '');
      parseUpstream(`${url}/any`); // It becomes a word of rsync's command line.
      if (ssh !== undefined) parseUpstream(`${ssh.url}/any`);
      const lines = pushKey === null ? pushKeys : [pushKey, ...pushKeys];
      const keys = lines.map((line) => parsePublicKey(line));
      urls.push(url);
      if (ssh !== undefined) sshUrls.push(ssh.url);
      peers.push(...keys.map((key) => ({ name, key })));
    } catch (error) {
      onProblem(`A place to pull from is left out: ${messageOf(error)}`);
    }
  }
  if (urls.length === 0) return undefined;
  // What the file says of a peer's addresses and archives stays true.
  const names = [...new Set(peers.map(({ name }) => name))];
  const rules = compileRules(
    names.map((name) => ({
      from: [],
      ...restrictions.find((one) => one.name === name),
      name,
      key: '',
    })),
  );
  return { urls, sshUrls, peers, rules };
}
