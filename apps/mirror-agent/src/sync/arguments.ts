import { classicExcludes, OWN_FOLDER, TRACE_FOLDER } from '@pushmirror/manifest';
import { architectureFilters } from './architectures.ts';
import type { ArchiveSettings } from './archive-settings.ts';
import {
  CHANGING_FILE,
  HEAD_PATH,
  HIERARCHY_FILE,
  HOLD_PATH,
  inProgressFile,
  MASTER_TRACE_FILE,
  SIGNERS_PATH,
  stage1TraceFile,
  TRACE_LIST_FILE,
  traceFile,
  UPDATE_IN_PROGRESS,
  updateRequiredFile,
} from './own-files.ts';
import { remoteShell } from './over-ssh.ts';
import { LARGEST_READ } from './tree-files.ts';
import type { Upstream } from './upstream-url.ts';

/** ftpsync's RSYNC_OPTIONS; `-A`, `-X` and `-D` stay out, whatever is wished. */
const OPTIONS = [
  '-prltvHSB8192',
  '--safe-links',
  '--chmod=D755,F644',
  '--timeout=120',
  '--stats',
  '--no-human-readable',
  '--no-inc-recursive',
];
/** Not ftpsync's: give up on a host that does not answer, and say how far we are. */
const OURS = ['--no-motd', '--info=progress2,name0,flist0'];

/**
 * rsync's arguments for a pass of classic mode, in ftpsync's order, which decides between filters:
 * our own files first, then the operator's filters, architectures, the stage's own.
 *
 * Stage 1 brings everything but the indexes and deletes nothing. Stage 2 brings all, puts changed
 * files into place together at its end, and deletes what the upstream dropped. Our own files are
 * left alone by both; so is everything in project/pushmirror, which each mirror writes itself.
 */
export function passArguments(
  stage: 1 | 2,
  archive: ArchiveSettings,
  mirror: string,
  upstream: Upstream,
): string[] {
  return [
    ...ownFileFilters(mirror),
    `--bwlimit=${archive.bandwidth_limit ?? 0}`,
    ...OPTIONS,
    ...connectWithin(60, upstream),
    ...OURS,
    ...archive.include.map((pattern) => `--filter=include_${pattern}`),
    ...archive.exclude.map((pattern) => `--filter=exclude_${pattern}`),
    '--exclude=.~tmp~/',
    ...architectureFilters(archive.architectures),
    ...(stage === 1 ? classicExcludes(archive.profile) : stage2Options(archive.max_delete)),
    ...fromTo(archive, upstream, archive.to),
  ];
}

/**
 * rsync's arguments for a look at an upstream: the few files that say how it stands, and no more.
 * Symlinks and large files are left out, and the other side is not asked for anything else.
 */
export function lookArguments(
  archive: PullAs,
  mirror: string,
  upstream: Upstream,
  scratch: string,
): string[] {
  const wanted = [
    `/${UPDATE_IN_PROGRESS}*`,
    '/project/',
    `/${TRACE_FOLDER}/`,
    `/${MASTER_TRACE_FILE}`,
    `/${OWN_FOLDER}/`,
    `/${HEAD_PATH}`,
    `/${HOLD_PATH}`,
    `/${SIGNERS_PATH}`,
    `/${CHANGING_FILE}`,
  ];
  return [
    `--filter=exclude_/${inProgressFile(mirror)}`,
    ...wanted.map((path) => `--filter=include_${path}`),
    '--filter=exclude_*',
    '-r',
    '--chmod=D700,F600',
    `--max-size=${LARGEST_READ}`,
    '--timeout=30',
    ...connectWithin(15, upstream),
    '--no-motd',
    '--out-format=%n',
    ...fromTo(archive, upstream, scratch),
  ];
}

function ownFileFilters(mirror: string): string[] {
  const own = [
    inProgressFile(mirror),
    updateRequiredFile(mirror),
    traceFile(mirror),
    stage1TraceFile(mirror),
    HIERARCHY_FILE,
    TRACE_LIST_FILE,
    `${OWN_FOLDER}/`,
  ];
  return [
    ...own.flatMap((path) => [`--filter=exclude_/${path}`, `--filter=protect_/${path}`]),
    '--filter=include_/project/',
    '--filter=protect_/project/',
    `--filter=include_/${TRACE_FOLDER}/`,
    `--filter=protect_/${TRACE_FOLDER}/`,
    `--filter=include_/${TRACE_FOLDER}/*`,
  ];
}

/** With what an upstream lets us in. */
export type PullAs = Pick<ArchiveSettings, 'password_file' | 'accounts' | 'ssh'>;

/** Over SSH it is ssh that connects, and rsync refuses the option. */
export function connectWithin(seconds: number, upstream: Upstream): string[] {
  return upstream.ssh === true ? [] : [`--contimeout=${seconds}`];
}

const NO_DELAY = '--sockopts=TCP_NODELAY';

function stage2Options(maxDelete: number): string[] {
  return [
    `--max-delete=${maxDelete}`,
    '--delay-updates',
    '--delete',
    '--delete-delay',
    '--delete-excluded',
  ];
}

/**
 * The end of every call: the password, where from, where to. rsync's short questions and answers
 * would wait for each other's acknowledgements, 40 ms a time; the other end must not wait either.
 */
export function fromTo(archive: PullAs, upstream: Upstream, to: string): string[] {
  const { user, source } = upstream;
  const into = to.endsWith('/') ? to : `${to}/`;
  if (upstream.ssh === true) {
    return [`--rsh=${remoteShell(upstream, archive.ssh)}`, '--', source, into];
  }
  const account = user === undefined ? archive.accounts?.(upstream) : undefined;
  // Only an upstream that is asked for as a user is given our password's digest.
  const file = account?.passwordFile ?? (user === undefined ? undefined : archive.password_file);
  const from = account === undefined ? source : source.replace('//', `//${account.user}@`);
  const password = file === undefined ? [] : [`--password-file=${file}`];
  return [NO_DELAY, ...password, '--', from, into];
}
