import {
  decide,
  fingerprint,
  isWithin,
  parsePublicKey,
  reachOf,
  uniteReaches,
  type AccessModule,
  type Request,
  type SshPuller,
} from '@pushmirror/acl';
import { liveKeys } from './live-keys.ts';
import { pullersAt, rulesAbout, whoIs, type Policy } from './policy.ts';
import { IN_GOOD_STANDING } from './registry-rules.ts';
import { moduleOf } from './rule-text.ts';
import { liveSecrets, userOf } from './secrets.ts';

/** What the rules come to at one place that mirrors pull from. */
export interface AccessPlan {
  modules: AccessModule[];
  secrets: { user: string; secret: string }[];
  /** What each key with which a mirror pulls over SSH may have. */
  sshPullers: SshPuller[];
  /** Where rsync can say less than the rules do, one sentence each; it then grants less. */
  notes: string[];
}

/**
 * Compile the rules for the rsync daemon of the master or of a hub: a module for each archive and
 * each view of one.
 *
 * An archive that anybody may pull, from wherever its mirrors may, asks for no secret. Otherwise
 * only mirrors get in, each with its secret, and only from where the rules let it. Paths that a rule
 * denies to anybody are hidden from all, and so are those of a view that not all may have: who may
 * have them pulls the view.
 */
export function compileAccess(
  policy: Policy,
  place: string,
  archives: readonly string[],
  at: Date,
): AccessPlan {
  const live = liveSecrets(policy, place, at);
  const pullers = pullersAt(policy, place);
  const users = new Map<string, string[]>();
  for (const one of live) {
    users.set(one.mirror, [...(users.get(one.mirror) ?? []), userOf(one)]);
  }
  const notes: string[] = [];
  const modules = archives.flatMap((archive) => {
    const views = policy.views.filter((view) => view.archive === archive);
    const whole = reachesOf(policy, pullers, { archive }, at);
    const parts = views.map((view) => ({
      view,
      reaches: reachesOf(policy, pullers, { archive, view: view.name }, at),
    }));
    const denied = deniedPaths(policy, archive, at);
    const hidden = parts.filter(({ reaches }) => !containsAll(reaches, whole));
    const hide = [...new Set([...denied, ...hidden.flatMap(({ view }) => view.paths)])];
    return [
      { ...moduleFor(archive, undefined, whole, users, notes), hide, show: null },
      ...parts.map(({ view, reaches }) => ({
        ...moduleFor(archive, view.name, reaches, users, notes),
        hide: denied,
        show: view.paths,
      })),
    ];
  });
  const secrets = live.map((one) => ({ user: userOf(one), secret: one.secret }));
  return { modules, secrets, sshPullers: sshPullers(policy, pullers, archives, at), notes };
}

function sshPullers(
  policy: Policy,
  pullers: readonly string[],
  archives: readonly string[],
  at: Date,
): SshPuller[] {
  const offered = archives.flatMap((archive) => [
    { archive },
    ...policy.views
      .filter((view) => view.archive === archive)
      .map(({ name }) => ({ archive, view: name })),
  ]);
  return pullers.flatMap((mirror) => {
    const { state } = policy.mirrors.find(({ name }) => name === mirror) ?? {};
    if (state === undefined || !IN_GOOD_STANDING.has(state)) return [];
    return liveKeys(policy, 'pull', mirror, at).map((key): SshPuller => {
      const who = whoIs(policy, mirror, fingerprint(parsePublicKey(key).blob));
      const modules = offered.flatMap((what: { archive: string; view?: string }) => {
        const request: Omit<Request, 'from'> = { who, action: 'pull', ...what, at };
        const from = reachOf(rulesAbout(policy, mirror), request);
        return from.length === 0 ? [] : [{ name: moduleOf(what.archive, what.view), from }];
      });
      return { mirror, key, modules };
    });
  });
}

/** From where anybody, and from where each mirror, may pull something. */
interface Reaches {
  anybody: readonly string[];
  mirrors: ReadonlyMap<string, readonly string[]>;
}

function reachesOf(
  policy: Policy,
  pullers: readonly string[],
  what: { archive: string; view?: string },
  at: Date,
): Reaches {
  const reach = (mirror: string | undefined) => {
    const request: Omit<Request, 'from'> = {
      who: whoIs(policy, mirror),
      action: 'pull',
      ...what,
      at,
    };
    return reachOf(rulesAbout(policy, mirror), request);
  };
  const found = pullers.map((mirror) => [mirror, reach(mirror)] as const);
  return {
    anybody: reach(undefined),
    mirrors: new Map(found.filter(([, from]) => from.length > 0)),
  };
}

function moduleFor(
  archive: string,
  view: string | undefined,
  { anybody, mirrors }: Reaches,
  users: ReadonlyMap<string, readonly string[]>,
  notes: string[],
): Omit<AccessModule, 'hide' | 'show'> {
  const name = moduleOf(archive, view);
  const shared = { name, archive };
  const reaches = [...mirrors.values()];
  if (anybody.length > 0 && reaches.every((from) => isWithin(from, anybody))) {
    return { ...shared, users: null, hostsAllow: [...anybody], ranges: null };
  }
  if (anybody.length > 0) {
    notes.push(
      `${name}: the rules let anybody pull it from ${anybody.join(' ')}, but its mirrors from elsewhere too, so that a secret is asked of all.`,
    );
  }
  const hostsAllow = uniteReaches(reaches);
  const accounts = [...mirrors].flatMap(([mirror, from]) =>
    (users.get(mirror) ?? []).map((user): [string, string[]] => [user, [...from]]),
  );
  const differ = reaches.some((from) => !isWithin(hostsAllow, from));
  return {
    ...shared,
    users: accounts.map(([user]) => user),
    hostsAllow,
    ranges: differ ? Object.fromEntries(accounts) : null,
  };
}

/** Whether everybody who may have the whole archive may have this part of it too. */
function containsAll(part: Reaches, whole: Reaches): boolean {
  if (!isWithin(whole.anybody, part.anybody)) return false;
  return [...whole.mirrors].every(([mirror, from]) =>
    isWithin(from, part.mirrors.get(mirror) ?? []),
  );
}

/** Paths that some rule denies to somebody now: one module has the same paths for all its users. */
function deniedPaths(policy: Policy, archive: string, at: Date): string[] {
  const paths = policy.rules
    .filter((rule) => rule.effect === 'deny' && rule.action === 'pull' && rule.archive === archive)
    .filter(({ validFrom, validUntil }) => {
      return (validFrom ?? at) <= at && (validUntil === undefined || at < validUntil);
    })
    .flatMap(({ path }) => path ?? []);
  return [...new Set(paths)];
}

/** Whether a mirror may be sent the news of an archive. */
export function mayTrigger(policy: Policy, mirror: string, archive: string, at: Date): boolean {
  const request: Request = { who: whoIs(policy, mirror), action: 'trigger', archive, at };
  return decide(rulesAbout(policy, mirror), request).allowed;
}

/** The next moment at which some rule or secret begins or ends to hold. */
export function nextChange(policy: Policy, at: Date): Date | undefined {
  const moments = [
    ...policy.rules.flatMap(({ validFrom, validUntil }) => [validFrom, validUntil]),
    ...policy.secrets.map(({ retires_at: end }) => (end === null ? undefined : new Date(end))),
    ...policy.keys.map(({ until }) => (until === null ? undefined : new Date(until))),
  ];
  const ahead = moments.flatMap((one) => (one !== undefined && one > at ? [one.getTime()] : []));
  return ahead.length === 0 ? undefined : new Date(Math.min(...ahead));
}
