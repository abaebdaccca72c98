import { hiddenPatterns, shownPatterns } from '@pushmirror/acl';
import { MasterError } from '../errors.ts';
import type { Policy } from './policy.ts';
import { checkViewName, moduleOf } from './rule-text.ts';

/**
 * Refuse rules and views that speak of what is not there, or that rsync could not be told.
 *
 * @throws AclError `malformed-rule`; MasterError `invalid`, `unknown-mirror`, `unknown-archive`
 */
export function checkAccess(policy: Policy): void {
  const archives = new Set(policy.archives.map(({ name }) => name));
  const mirrors = new Set(policy.mirrors.map(({ name }) => name));
  const views = new Set(policy.views.map(({ archive, name }) => moduleOf(archive, name)));
  refuseTwice(
    policy.added.map(({ id }) => id),
    'rules have the id',
  );
  refuseTwice(
    [...archives, ...policy.views.map(({ archive, name }) => moduleOf(archive, name))],
    'modules have the name',
  );
  for (const view of policy.views) {
    checkViewName(view);
    if (!archives.has(view.archive)) throw unknownArchive(`View "${view.name}"`, view.archive);
    shownPatterns(view.paths);
  }
  for (const rule of policy.added) {
    const where = `Rule "${rule.id}"`;
    if (rule.archive !== undefined && !archives.has(rule.archive)) {
      throw unknownArchive(where, rule.archive);
    }
    if (rule.mirror !== undefined && !mirrors.has(rule.mirror)) {
      throw new MasterError('unknown-mirror', `${where}: there is no mirror ${rule.mirror}.`);
    }
    if (rule.view !== undefined && !views.has(moduleOf(rule.archive ?? '', rule.view))) {
      throw invalid(`${where}: ${rule.archive ?? ''} has no view ${rule.view}. Add it first.`);
    }
    if (rule.path === undefined) continue;
    const { mirror, key, network, role, tier, from } = rule;
    if (
      rule.effect === 'allow' ||
      (mirror ?? key ?? network ?? role ?? tier ?? from) !== undefined
    ) {
      throw invalid(
        `${where}: a path can only be denied, and to everybody. Where some mirrors may have it, make it a view and let those pull that.`,
      );
    }
    hiddenPatterns([rule.path]);
  }
}

function refuseTwice(names: readonly string[], what: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`Two ${what} "${twice}".`);
}

function unknownArchive(where: string, archive: string): MasterError {
  return new MasterError('unknown-archive', `${where}: there is no archive ${archive}.`);
}

function invalid(message: string): MasterError {
  return new MasterError('invalid', message);
}
