import { createHash } from 'node:crypto';
import type { AccessModule } from './access-files.ts';
import { renderAuthorizedKey } from './authorized-keys.ts';
import { parsePublicKey } from './key.ts';
import { EVERYWHERE, intersectReaches, isWithin, uniteReaches } from './reach.ts';
import { hiddenPatterns, shownPatterns } from './rsync-patterns.ts';
import { renderRsyncdConf, type RsyncdModule } from './rsyncd.ts';

/** A key with which a mirror pulls over SSH, and what the rules let it have at one place. */
export interface SshPuller {
  mirror: string;
  /** `type base64` */
  key: string;
  /** rsync modules, and the ranges from which each may be pulled. */
  modules: { name: string; from: string[] }[];
}

export interface SshPullOptions {
  pullers: readonly SshPuller[];
  /** Which paths each module shows and hides; who may pull it is the pullers' to say. */
  modules: readonly Pick<AccessModule, 'name' | 'archive' | 'hide' | 'show'>[];
  /** Where an archive lies on this host; undefined: not here. */
  pathOf: (archive: string) => string | undefined;
  /** Where the configurations are to lie, which the user of the SSH server must be able to read. */
  folder: string;
  /** The rsync that is run, by its absolute path. */
  rsync: string;
  /** This host's own limit to all of them; empty: none. */
  within: readonly string[];
  /** rsync patterns that are hidden in every module. */
  exclude?: readonly string[];
}

/**
 * rsync over SSH with nothing but stock programs: a line of authorized_keys for each key, whose
 * forced command is rsync's daemon on standard input and output (rsync(1), USING RSYNC-DAEMON
 * FEATURES VIA A REMOTE-SHELL CONNECTION) with a configuration of this key alone. A key that may
 * have nothing gets no line.
 *
 * @throws AclError `unsafe-rsyncd`, `unsafe-authorized-key`, `unusable-key`.
 */
export function sshPulls(o: SshPullOptions): {
  lines: string[];
  files: { path: string; text: string }[];
} {
  const lines: string[] = [];
  const files: { path: string; text: string }[] = [];
  for (const puller of o.pullers) {
    const modules = puller.modules.flatMap((one) => moduleOf(one, o));
    if (modules.length === 0) continue;
    const path = `${o.folder}/${puller.mirror}_${shortName(puller.key)}.conf`;
    const reach = uniteReaches(modules.map(({ hostsAllow }) => hostsAllow));
    const isAll = isWithin(EVERYWHERE, reach);
    lines.push(
      renderAuthorizedKey({
        command: [o.rsync, '--server', '--daemon', `--config=${path}`, '.'],
        key: parsePublicKey(puller.key),
        comment: puller.mirror,
        ...(isAll ? {} : { from: reach }),
      }),
    );
    files.push({ path, text: renderRsyncdConf({ modules }) });
  }
  return { lines, files };
}

type Reachable = RsyncdModule & { hostsAllow: readonly string[] };

function moduleOf({ name, from }: SshPuller['modules'][number], o: SshPullOptions): Reachable[] {
  const one = o.modules.find((module) => module.name === name);
  const path = one === undefined ? undefined : o.pathOf(one.archive);
  const hostsAllow = o.within.length === 0 ? from : intersectReaches(from, o.within);
  if (one === undefined || path === undefined || hostsAllow.length === 0) return [];
  return [
    {
      name,
      path,
      hostsAllow,
      ...(one.show === null ? {} : { only: shownPatterns(one.show) }),
      exclude: [...(o.exclude ?? []), ...hiddenPatterns(one.hide)],
    },
  ];
}

/** Tells a mirror's keys apart in the names of files. */
function shortName(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
