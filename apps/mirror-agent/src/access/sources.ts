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
      const urls = () => above?.urls.map((url) => `${url}/${archive.name}`);
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
  const peers: KnownKey[] = [];
  for (const { name, rsyncUrl, pushKey } of sources) {
    try {
      if (!isMirrorName(name)) throw new Error('it has no plain name');
      const url = rsyncUrl.replace(/\/+$/, '');
      parseUpstream(`${url}/any`); // It becomes a word of rsync's command line.
      const key = pushKey === null ? undefined : parsePublicKey(pushKey);
      urls.push(url);
      if (key !== undefined) peers.push({ name, key });
    } catch (error) {
      onProblem(`A place to pull from is left out: ${messageOf(error)}`);
    }
  }
  if (urls.length === 0) return undefined;
  // What the file says of a peer's addresses and archives stays true.
  const rules = compileRules(
    peers.map(({ name, key }) => ({
      from: [],
      ...restrictions.find((one) => one.name === name),
      name,
      key: key.line,
    })),
  );
  return { urls, peers, rules };
}
