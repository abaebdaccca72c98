import { checkRule, isArchiveName, isCidr, type Rule } from '@pushmirror/acl';
import { z } from 'zod';
import type { AccessRuleRow, AccessViewRow } from '../db/access-schema.ts';
import { MasterError } from '../errors.ts';

const word = z.string().min(1).max(255);
const moment = z.iso.datetime({
  offset: true,
  error: 'expected a time such as "2026-12-01T00:00:00Z"',
});

/** What rules are about. */
export const ACTIONS = ['pull', 'trigger', 'register', 'publish', 'read'] as const;

/** Of mirrors, where they pull or are triggered; of tokens, for what is asked of the master. */
export const ROLES = ['mirror', 'hub', 'leaf', 'admin', 'release-manager', 'operator'] as const;

/**
 * A rule as people write it: in TOML, in the API, by the options of `acl add`. What is left out
 * holds for everything.
 */
export const ruleText = z.strictObject({
  id: word.max(128),
  effect: z.enum(['allow', 'deny']),
  action: z.enum(ACTIONS),
  mirror: word.optional(),
  /** The fingerprint of a key. */
  key: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, { error: 'expected a fingerprint, "SHA256:..."' })
    .optional(),
  network: word.optional(),
  role: z.enum(ROLES).optional(),
  tier: z.int().min(1).max(100).optional(),
  archive: word.optional(),
  view: word.optional(),
  path: z.string().min(1).max(1024).optional(),
  from: z
    .array(z.string().refine(isCidr, { error: 'expected a range such as "192.0.2.0/24"' }))
    .min(1)
    .max(1000)
    .optional(),
  valid_from: moment.optional(),
  valid_until: moment.optional(),
  note: z
    .string()
    .max(500)
    .regex(/^\P{Cc}*$/u)
    .optional(),
});

/** A named part of an archive: its paths, and all below them. */
export const viewText = z.strictObject({
  archive: word,
  name: word.max(64),
  paths: z.array(z.string().min(1).max(1024)).min(1).max(1000),
});

/** All that administrators have set, as `acl export` writes it and `acl import` reads it. */
export const accessText = z.strictObject({
  view: z.array(viewText).max(1000).default([]),
  rule: z.array(ruleText).max(10_000).default([]),
});

export type RuleText = z.output<typeof ruleText>;
export type ViewText = z.output<typeof viewText>;
export type AccessText = z.output<typeof accessText>;

/** Rules that follow from the registry have such ids; nobody else's may. */
const RESERVED = /^(open|pull|trigger|publish|register|read):/;

/**
 * The rule that a text means.
 *
 * @throws AclError `malformed-rule` or `malformed-cidr`; MasterError `invalid`
 */
export function ruleOf(text: RuleText): Rule {
  const { id, effect, action, mirror, key, network, role, tier } = text;
  const { archive, view, path, from } = text;
  if (RESERVED.test(id)) {
    const message = `Rule "${id}": ids that begin with "open:" or an action and ":" are the registry's.`;
    throw new MasterError('invalid', message);
  }
  if (
    action === 'trigger' &&
    (view ?? path ?? from ?? text.valid_from ?? text.valid_until) !== undefined
  ) {
    const message = `Rule "${id}": a trigger is of an archive as a whole, at any time; view, path, from and dates are for pull.`;
    throw new MasterError('invalid', message);
  }
  if (action !== 'pull' && (view ?? path) !== undefined) {
    const message = `Rule "${id}": view and path are for pull.`;
    throw new MasterError('invalid', message);
  }
  const rule: Rule = {
    id,
    effect,
    action,
    who: defined({ mirror, key, network, role, tier }),
    ...defined({ archive, view, path, from }),
    ...(text.valid_from === undefined ? {} : { validFrom: new Date(text.valid_from) }),
    ...(text.valid_until === undefined ? {} : { validUntil: new Date(text.valid_until) }),
  };
  checkRule(rule);
  return rule;
}

export function textOfRow(row: AccessRuleRow): RuleText {
  const { id, effect, action, added_at: _at, added_by: _by, from_ranges, key_print, ...rest } = row;
  const given = Object.entries({ ...rest, key: key_print }).filter(([, value]) => value !== null);
  const from = from_ranges === null ? {} : { from: JSON.parse(from_ranges) as string[] };
  return ruleText.parse({ id, effect, action, ...Object.fromEntries(given), ...from });
}

export function rowOfText(text: RuleText, by: string, at: Date): AccessRuleRow {
  return {
    id: text.id,
    effect: text.effect,
    action: text.action,
    mirror: text.mirror ?? null,
    key_print: text.key ?? null,
    network: text.network ?? null,
    role: text.role ?? null,
    tier: text.tier ?? null,
    archive: text.archive ?? null,
    view: text.view ?? null,
    path: text.path ?? null,
    from_ranges: text.from === undefined ? null : JSON.stringify(text.from),
    valid_from: text.valid_from ?? null,
    valid_until: text.valid_until ?? null,
    note: text.note ?? null,
    added_at: at.toISOString(),
    added_by: by,
  };
}

export function viewOfRow({ archive, name, paths }: AccessViewRow): ViewText {
  return viewText.parse({ archive, name, paths: JSON.parse(paths) });
}

/** The name of a view's rsync module. */
export function moduleOf(archive: string, view: string | undefined): string {
  return view === undefined ? archive : `${archive}+${view}`;
}

/** @throws MasterError `invalid` */
export function checkViewName({ archive, name }: ViewText): void {
  if (isArchiveName(name) && isArchiveName(moduleOf(archive, name))) return;
  throw new MasterError('invalid', `View "${name}": expected a short name of a-z, 0-9 and ._+-`);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  const given = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(given) as Defined<T>;
}
