import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVERYWHERE, inCidrs, type AccessModule } from '@pushmirror/acl';
import fc from 'fast-check';
import { compileAccess, mayTrigger, nextChange } from './compile.ts';
import { effectsOf } from './effects.ts';
import { explain } from './explain.ts';
import { AT, RESTRICTED, somePolicy } from './fixture.test.ts';
import { policyOf, type Policy } from './policy.ts';
import { ruleText, type RuleText } from './rule-text.ts';
import { missingSecrets, newSecret } from './secrets.ts';

const at = (policy: Policy, place: string) => {
  const archives = policy.archives.map(({ name }) => name);
  const { modules, notes, secrets } = compileAccess(policy, place, archives, AT);
  return { notes, secrets, module: (name: string) => named(modules, name) };
};
const named = (modules: readonly AccessModule[], name: string) => {
  const found = modules.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
};
const rule = (parts: Partial<RuleText>): RuleText =>
  ruleText.parse({ id: 'r', effect: 'deny', action: 'pull', ...parts });

describe('what rsync is told', () => {
  test('an archive is open without any rule', () => {
    const debian = at(somePolicy(), 'master').module('debian');
    assert.equal(debian.users, null);
    assert.deepEqual(debian.hostsAllow, EVERYWHERE);
  });

  test('one rule restricts an archive to its mirrors, at each place to those that pull there', () => {
    const policy = somePolicy({ rule: [RESTRICTED] });
    const { module } = at(policy, 'master');
    assert.deepEqual(module('debian').users, ['hub1_1', 'leaf1_1', 'leaf2_1']);
    assert.equal(module('ubuntu').users, null);
    assert.deepEqual(at(policy, 'hub1').module('debian').users, ['leaf1_1', 'leaf2_1']);
    assert.deepEqual(at(policy, 'leaf1').module('debian').users, []);
    const [one, other] = ['master', 'hub1'].map((place) => at(policy, place).secrets);
    const secretOf = (list = one) => list?.find(({ user }) => user === 'leaf1_1')?.secret;
    assert.notEqual(secretOf(one), secretOf(other), 'a secret is for one upstream');
  });

  test('a mirror that is denied, suspended or has not opted in is not let in', () => {
    const policy = somePolicy({ rule: [RESTRICTED, rule({ mirror: 'leaf1' })] });
    assert.deepEqual(at(policy, 'hub1').module('debian').users, ['leaf2_1']);
    const ubuntu = somePolicy({ rule: [{ ...RESTRICTED, archive: 'ubuntu' }] });
    assert.deepEqual(at(ubuntu, 'hub1').module('ubuntu').users, ['leaf2_1']);
    const mirrors = policy.mirrors.map((one) => ({ ...one, state: 'suspended' as const }));
    const suspended = somePolicy({ rule: [RESTRICTED] }, { mirrors });
    assert.deepEqual(at(suspended, 'hub1').module('debian').users, []);
  });

  test('users that may come from different addresses are guarded', () => {
    const only = rule({
      effect: 'allow',
      mirror: 'leaf1',
      archive: 'ubuntu',
      from: ['10.0.0.0/8'],
    });
    const policy = somePolicy({ rule: [{ ...RESTRICTED, archive: 'ubuntu' }, only] });
    const ubuntu = at(policy, 'hub1').module('ubuntu');
    assert.deepEqual(ubuntu.ranges, { leaf1_1: ['10.0.0.0/8'], leaf2_1: EVERYWHERE });
    assert.deepEqual(ubuntu.hostsAllow, EVERYWHERE);
  });

  test('a view that not all may have is hidden in the archive, and has a module of its own', () => {
    const view = { archive: 'debian', name: 'embargo', paths: ['dists/embargo'] };
    const open = at(somePolicy({ view: [view] }), 'master');
    assert.deepEqual(open.module('debian').hide, []);
    const some = [
      rule({ id: 'hide', archive: 'debian', view: 'embargo' }),
      rule({ id: 'let', effect: 'allow', mirror: 'leaf1', archive: 'debian', view: 'embargo' }),
    ];
    const policy = somePolicy({ view: [view], rule: some });
    const { module } = at(policy, 'master');
    assert.deepEqual(module('debian').hide, ['dists/embargo']);
    assert.equal(module('debian').users, null);
    assert.deepEqual(module('debian+embargo').users, ['leaf1_1']);
    assert.deepEqual(module('debian+embargo').show, ['dists/embargo']);
    const inside = { action: 'pull', archive: 'debian', path: 'dists/embargo/Release' } as const;
    assert.equal(explain(policy, { ...inside, mirror: 'leaf1' }, AT).rule, 'let');
    assert.equal(explain(policy, { ...inside, mirror: 'leaf2' }, AT).rule, 'hide');
  });

  test('a denied path is hidden from all', () => {
    const policy = somePolicy({ rule: [rule({ archive: 'debian', path: 'dists/secret' })] });
    assert.deepEqual(at(policy, 'hub1').module('debian').hide, ['dists/secret']);
    assert.deepEqual(at(policy, 'hub1').module('ubuntu').hide, []);
  });

  test('where a module cannot ask some for a secret and others not, it asks all, and says so', () => {
    const policy = somePolicy({
      rule: [
        RESTRICTED,
        rule({ id: 'near', effect: 'allow', archive: 'debian', from: ['10.0.0.0/8'] }),
      ],
    });
    const { module, notes } = at(policy, 'master');
    assert.equal(module('debian').users?.length, 3);
    assert.match(notes.join(), /debian: the rules let anybody pull it from 10\.0\.0\.0\/8/);
  });

  test('while a secret is changed, both are accepted', () => {
    const policy = somePolicy({ rule: [RESTRICTED] });
    const until = new Date(AT.getTime() + 1000);
    const old = policy.secrets.map((one) =>
      one.mirror === 'leaf1' ? { ...one, retires_at: until.toISOString() } : one,
    );
    const fresh = newSecret(old, 'hub1', 'leaf1', AT);
    const during = policyOf({ ...policy, secrets: [...old, fresh] });
    assert.deepEqual(at(during, 'hub1').module('debian').users, ['leaf1_1', 'leaf1_2', 'leaf2_1']);
    assert.deepEqual(nextChange(during, AT), until);
    const { modules } = compileAccess(during, 'hub1', ['debian'], until);
    assert.deepEqual(named(modules, 'debian').users, ['leaf1_2', 'leaf2_1']);
    const { make, forget } = missingSecrets(during, AT);
    assert.deepEqual(
      make.map(({ upstream, mirror, number }) => [upstream, mirror, number]),
      [['master', 'leaf1', 2]],
    );
    assert.deepEqual(forget, []);
    assert.equal(missingSecrets(during, until).forget.length, 2);
  });
});

test('a mirror is sent the news of what it has opted in to, unless a rule says otherwise', () => {
  const policy = somePolicy({ rule: [rule({ action: 'trigger', mirror: 'leaf1' })] });
  assert.equal(mayTrigger(policy, 'leaf1', 'debian', AT), false);
  assert.equal(mayTrigger(policy, 'leaf2', 'debian', AT), true);
  assert.equal(mayTrigger(somePolicy(), 'leaf1', 'ubuntu', AT), false);
});

describe('a change of the rules', () => {
  test('says who gains and who loses what, and from where', () => {
    const before = somePolicy({ rule: [RESTRICTED] });
    const after = somePolicy({
      rule: [RESTRICTED, rule({ mirror: 'leaf1', archive: 'debian', from: ['10.0.0.0/8'] })],
    });
    const [effect, ...others] = effectsOf(before, after, AT);
    assert.deepEqual(others, []);
    assert.equal(effect?.mirror, 'leaf1');
    assert.deepEqual([effect.gains, effect.loses], [[], ['10.0.0.0/8']]);
    assert.deepEqual(effectsOf(after, before, AT)[0]?.gains, ['10.0.0.0/8']);
    const opened = effectsOf(before, somePolicy(), AT);
    assert.deepEqual(
      opened.map(({ mirror }) => mirror),
      [null],
    );
    const untold = somePolicy({ rule: [rule({ action: 'trigger', mirror: 'leaf1' })] });
    assert.deepEqual(
      effectsOf(somePolicy(), untold, AT).map(({ mirror, action }) => [mirror, action]),
      [['leaf1', 'trigger']],
    );
  });

  test('any rules: what a module lets in is what explain allows', () => {
    const anyRule = fc.record({
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      mirror: fc.option(fc.constantFrom('leaf1', 'leaf2'), { nil: undefined }),
      tier: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
      archive: fc.option(fc.constantFrom('debian', 'ubuntu'), { nil: undefined }),
      from: fc.option(fc.constantFrom<string[]>(['127.0.0.2/32'], ['127.0.0.0/30', '::1/128']), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 5 }), (parts) => {
        const rules = parts.map((one, index) => rule({ id: `r${index}`, ...strip(one) }));
        const policy = somePolicy({ rule: rules });
        for (const archive of ['debian', 'ubuntu']) {
          const module = at(policy, 'hub1').module(archive);
          for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.9', '::1']) {
            for (const mirror of ['leaf1', 'leaf2']) {
              const allowed = explain(
                policy,
                { mirror, action: 'pull', archive, from },
                AT,
              ).allowed;
              const anybody = explain(policy, { action: 'pull', archive, from }, AT).allowed;
              const wanted = module.users === null ? anybody : allowed;
              assert.equal(letsIn(module, `${mirror}_1`, from), wanted, `${mirror} ${from}`);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** As rsync's daemon would, told by this module. */
function letsIn({ users, hostsAllow, ranges }: AccessModule, user: string, from: string): boolean {
  const inside = (list: readonly string[] = []) =>
    list.some((range) => {
      if (range.includes(':') !== from.includes(':')) return false;
      return inCidrs(from, [range]);
    });
  if (!inside(hostsAllow)) return false;
  if (users === null) return true;
  return users.includes(user) && (ranges === null || inside(ranges[user]));
}

function strip<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
