import { EVERYWHERE, intersectReaches } from './reach.ts';
import { hiddenPatterns, shownPatterns } from './rsync-patterns.ts';
import { renderSecrets, type RsyncdModule } from './rsyncd.ts';

/** What the rules make of one archive, or one view of it, at one host; without that host's paths. */
export interface AccessModule {
  /** Of the rsync module: the archive's name, or `ARCHIVE+VIEW`. */
  name: string;
  archive: string;
  /** rsync users who get in with their secret; null: everybody, without one. */
  users: string[] | null;
  /** Ranges that may come at all. */
  hostsAllow: string[];
  /** From where each user may come, when that is not the same for all; else null. */
  ranges: Record<string, string[]> | null;
  /** Path patterns that are not shown. */
  hide: string[];
  /** Path patterns that alone are shown; null: the whole archive. */
  show: string[] | null;
}

/** What an rsync daemon is given: its modules, and the files that these refer to. */
export interface AccessFiles {
  modules: RsyncdModule[];
  /** For the daemon's user alone (0600). */
  files: { path: string; text: string }[];
}

export interface AccessFilesOptions {
  modules: readonly AccessModule[];
  secrets: readonly { user: string; secret: string }[];
  /** Where an archive lies on this host; undefined: not here, and no module is made. */
  pathOf: (archive: string) => string | undefined;
  /** A folder for secrets and guards. */
  folder: string;
  /** The program of pull-guard.ts with its words, to which a file is added. */
  guard: readonly string[];
  /** This host's own limit to all modules; empty: none. */
  within: readonly string[];
  /** rsync patterns that are hidden in every module. */
  exclude?: readonly string[];
}

/**
 * Turn what the rules decided into an rsync daemon's modules at this host.
 *
 * @throws AclError where a value could not be written down safely.
 */
export function accessFiles(o: AccessFilesOptions): AccessFiles {
  const files: AccessFiles['files'] = [];
  const secretsFile = `${o.folder}/rsyncd.secrets`;
  files.push({ path: secretsFile, text: renderSecrets(o.secrets) });
  const modules = o.modules.flatMap((one): RsyncdModule[] => {
    const path = o.pathOf(one.archive);
    if (path === undefined) return [];
    const exclude = [...(o.exclude ?? []), ...hiddenPatterns(one.hide), ...newest(one)];
    let guard: readonly string[] | undefined;
    if (one.ranges !== null) {
      const file = `${o.folder}/guard-${one.name}.json`;
      files.push({ path: file, text: `${JSON.stringify(one.ranges)}\n` });
      guard = [...o.guard, file];
    }
    return [
      {
        name: one.name,
        path,
        comment: one.name === one.archive ? `Archive ${one.archive}` : `A part of ${one.archive}`,
        ...whoFrom(one, o.within),
        ...(one.users === null ? {} : { authUsers: one.users, secretsFile }),
        ...(one.show === null ? {} : { only: shownPatterns(one.show) }),
        exclude,
        ...(guard === undefined ? {} : { guard }),
      },
    ];
  });
  return { modules, files };
}

/** There lie files without names. */
function newest({ hide, show }: AccessModule): string[] {
  return hide.length === 0 && show === null ? [] : ['/project/pushmirror/newest.pack'];
}

function whoFrom({ hostsAllow }: AccessModule, within: readonly string[]) {
  const allowed = within.length === 0 ? hostsAllow : intersectReaches(hostsAllow, within);
  const isAll = EVERYWHERE.every((range) => allowed.includes(range));
  return isAll ? {} : { hostsAllow: allowed };
}
