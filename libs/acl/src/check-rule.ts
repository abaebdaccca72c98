import { parseCidr } from './cidr.ts';
import { AclError } from './errors.ts';
import { isArchiveName, isMirrorName } from './names.ts';
import { isPlainPath } from './path-pattern.ts';
import type { Rule } from './rule.ts';

/**
 * Refuse a rule that could not mean what its author meant. `decide` copes with such rules, but
 * they should never get as far.
 *
 * @throws AclError `malformed-rule` or `malformed-cidr`
 */
export function checkRule(rule: Rule): void {
  const { who, archive, view, path, from, validFrom, validUntil } = rule;
  const refuse = (why: string) => {
    throw new AclError('malformed-rule', `Rule ${JSON.stringify(rule.id)}: ${why}`);
  };
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(rule.id)) refuse('its id is not a plain word.');
  if (who.mirror !== undefined && !isMirrorName(who.mirror)) refuse('that is no mirror name.');
  if (who.key !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(who.key)) {
    refuse('a key is named by its fingerprint, "SHA256:...".');
  }
  if (who.tier !== undefined && !(Number.isInteger(who.tier) && who.tier >= 0)) {
    refuse('a tier is a whole number from 0.');
  }
  if (archive !== undefined && !isArchiveName(archive)) refuse('that is no archive name.');
  if (view !== undefined && !isArchiveName(view)) refuse('that is no name for a view.');
  if ((path !== undefined || view !== undefined) && archive === undefined) {
    refuse('a path or a view lies in an archive: name the archive too.');
  }
  if (path !== undefined && !isPlainPath(path)) {
    refuse('its path must be plain, such as "dists/embargo" or "pool/**/*.deb".');
  }
  if (from?.length === 0) refuse('"from" is empty: leave it out for "from anywhere".');
  from?.forEach((cidr) => parseCidr(cidr));
  const dates = [validFrom, validUntil].filter((date) => date !== undefined);
  if (dates.some((date) => Number.isNaN(date.getTime()))) refuse('its dates cannot be read.');
  if (validFrom !== undefined && validUntil !== undefined && validFrom >= validUntil) {
    refuse('it ends before it begins.');
  }
}
