import { reachOf, subtractReaches, type Action, type Request } from '@pushmirror/acl';
import { mayTrigger } from './compile.ts';
import { rulesAbout, whoIs, type Policy } from './policy.ts';

/** What a change of the rules does for one mirror, or for anybody (null). */
export interface Effect {
  mirror: string | null;
  /** Of tokens that publish or read. */
  role: string | null;
  action: Action;
  archive: string;
  view: string | null;
  /** From where it becomes possible, and from where it no longer is; a trigger has no ranges. */
  gains: string[];
  loses: string[];
}

/** Who gains and who loses what, between two policies, at a moment. Paths are not looked at. */
export function effectsOf(before: Policy, after: Policy, at: Date): Effect[] {
  const mirrors = unique([...before.mirrors, ...after.mirrors].map(({ name }) => name));
  const archives = unique([...before.archives, ...after.archives].map(({ name }) => name));
  return archives.flatMap((archive) =>
    [
      ...[undefined, ...viewsOf(archive, before, after)].flatMap((view) =>
        [undefined, ...mirrors].map((mirror) =>
          pullEffect(before, after, { mirror, archive, view }, at),
        ),
      ),
      ...mirrors.map((mirror) => triggerEffect(before, after, mirror, archive, at)),
      ...OF_THE_MASTER.map((asked) => masterEffect(before, after, asked, archive, at)),
    ].filter(({ gains, loses }) => gains.length + loses.length > 0),
  );
}

/** What is asked of the master itself, and by whom. */
const OF_THE_MASTER: readonly { action: Action; role?: string }[] = [
  { action: 'publish', role: 'admin' },
  { action: 'publish', role: 'release-manager' },
  { action: 'register' },
  { action: 'read' },
  { action: 'read', role: 'release-manager' },
  { action: 'read', role: 'operator' },
];

function masterEffect(
  before: Policy,
  after: Policy,
  { action, role }: (typeof OF_THE_MASTER)[number],
  archive: string,
  at: Date,
): Effect {
  const [old, now] = [before, after].map((policy) => {
    const who = { network: policy.network, roles: role === undefined ? [] : [role] };
    return reachOf(rulesAbout(policy, undefined), { who, action, archive, at });
  });
  return {
    mirror: null,
    role: role ?? null,
    action,
    archive,
    view: null,
    gains: subtractReaches(now ?? [], old ?? []),
    loses: subtractReaches(old ?? [], now ?? []),
  };
}

interface Pull {
  mirror: string | undefined;
  archive: string;
  view: string | undefined;
}

function pullEffect(before: Policy, after: Policy, pull: Pull, at: Date): Effect {
  const [old, now] = [reach(before, pull, at), reach(after, pull, at)];
  return {
    mirror: pull.mirror ?? null,
    role: null,
    action: 'pull',
    archive: pull.archive,
    view: pull.view ?? null,
    gains: subtractReaches(now, old),
    loses: subtractReaches(old, now),
  };
}

function triggerEffect(
  before: Policy,
  after: Policy,
  mirror: string,
  archive: string,
  at: Date,
): Effect {
  const may = [before, after].map((policy) => mayTrigger(policy, mirror, archive, at));
  const [old, now] = may.map((one) => (one ? ['all'] : []));
  const differs = may[0] !== may[1];
  return {
    mirror,
    role: null,
    action: 'trigger',
    archive,
    view: null,
    gains: differs ? (now ?? []) : [],
    loses: differs ? (old ?? []) : [],
  };
}

function reach(policy: Policy, { mirror, archive, view }: Pull, at: Date): string[] {
  const what = view === undefined ? { archive } : { archive, view };
  const request: Omit<Request, 'from'> = {
    who: whoIs(policy, mirror),
    action: 'pull',
    ...what,
    at,
  };
  return reachOf(rulesAbout(policy, mirror), request);
}

function viewsOf(archive: string, ...policies: readonly Policy[]): string[] {
  const views = policies.flatMap((policy) => policy.views);
  return unique(views.filter((view) => view.archive === archive).map(({ name }) => name));
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
