import type { Rule } from '@pushmirror/acl';
import type { PolicyParts } from './policy.ts';

/** A mirror in one of these states has the rights that come with being one. */
export const IN_GOOD_STANDING: ReadonlySet<string> = new Set(['active', 'paused']);

/**
 * The rules that follow from the registry, so that rights come from rules alone:
 *
 * - `open:ARCHIVE`: anybody may pull an archive. A deny that is about the archive, for everybody,
 *   ties with it and wins; that is how an archive is restricted.
 * - `pull:ARCHIVE:MIRROR`: a mirror may pull what it has opted in to; being about one mirror, it is
 *   more specific than such a deny.
 * - `trigger:ARCHIVE:MIRROR`: a mirror may be sent the news of what it has opted in to.
 *
 * - `publish:admin` and `publish:release-manager`: tokens of these roles publish.
 * - `register:anybody` and `read:anybody`: what the network's policy and the roles of the API leave
 *   open is open to all.
 *
 * They are defaults: a rule that names a mirror, a role or a tier always wins over them.
 */
export function registryRules(parts: Pick<PolicyParts, 'archives' | 'mirrors' | 'optIns'>): Rule[] {
  const { archives, mirrors, optIns } = parts;
  const open = archives.map(({ name }): Rule => {
    return {
      id: `open:${name}`,
      effect: 'allow',
      who: {},
      action: 'pull',
      archive: name,
      isDefault: true,
    };
  });
  const own = mirrors
    .filter(({ state }) => IN_GOOD_STANDING.has(state))
    .flatMap(({ name }) =>
      (optIns.get(name) ?? []).flatMap((archive) =>
        (['pull', 'trigger'] as const).map((action): Rule => {
          const id = `${action}:${archive}:${name}`;
          return { id, effect: 'allow', who: { mirror: name }, action, archive, isDefault: true };
        }),
      ),
    );
  const ofTheMaster = (['admin', 'release-manager'] as const).map((role): Rule => {
    const id = `publish:${role}`;
    return { id, effect: 'allow', who: { role }, action: 'publish', isDefault: true };
  });
  const ofAnybody = (['register', 'read'] as const).map((action): Rule => {
    return { id: `${action}:anybody`, effect: 'allow', who: {}, action, isDefault: true };
  });
  return [...open, ...own, ...ofTheMaster, ...ofAnybody];
}
