import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { describe, test } from 'node:test';
import { decide } from './decide.ts';
import type { Request, Rule } from './rule.ts';

const AT = new Date('2026-11-21T09:00:00Z');
const pull: Request = { who: { mirror: 'leaf1' }, action: 'pull', archive: 'debian', at: AT };

describe('decide', () => {
  test('no rule, no right', () => {
    const decision = decide([], pull);
    assert.equal(decision.allowed, false);
    assert.equal(decision.rule, undefined);
    assert.equal(decision.reason, 'No rule allows pull of archive debian by leaf1.');
  });

  test('names the rule that decided', () => {
    const decision = decide([allow('mine', { who: { mirror: 'leaf1' } })], pull);
    assert.equal(decision.allowed, true);
    assert.equal(decision.rule?.id, 'mine');
    assert.equal(decision.reason, 'Rule "mine" allows pull of archive debian by leaf1.');
  });

  test('a rule for another mirror, archive, action, time or address says nothing', () => {
    const rules = [
      allow('mirror', { who: { mirror: 'leaf2' } }),
      allow('archive', { archive: 'ubuntu' }),
      allow('action', { action: 'publish' }),
      allow('early', { validFrom: new Date(AT.getTime() + 1) }),
      allow('late', { validUntil: AT }),
      allow('away', { from: ['192.0.2.0/24'] }),
    ];
    const decision = decide(rules, { ...pull, from: '198.51.100.1' });
    assert.equal(decision.allowed, false);
    assert.deepEqual(
      decision.considered.map(({ rule, why }) => [rule.id, why]),
      [
        ['mirror', 'another mirror'],
        ['archive', 'another archive'],
        ['early', 'it does not hold yet'],
        ['late', 'it no longer holds'],
        ['away', 'another address'],
      ],
    );
  });

  test('a deny for one mirror beats an allow for its role, on whatever archive', () => {
    const rules = [
      allow('everybody', { who: { role: 'mirror' }, archive: 'debian' }),
      deny('suspended', { who: { mirror: 'leaf1' } }),
    ];
    const request = { ...pull, who: { mirror: 'leaf1', roles: ['mirror'] } };
    const decision = decide(rules, request);
    assert.equal(decision.rule?.id, 'suspended');
    assert.deepEqual(
      decision.considered.map(({ why }) => why),
      [
        'it applies, and decides',
        'it applies, but is not more specific than "suspended" all round, and a deny wins a tie',
      ],
    );
  });

  test('an embargoed path is opened only by a rule about that path', () => {
    const embargo = deny('embargo', { archive: 'debian', path: 'dists/embargo' });
    const hub = allow('hub', { who: { mirror: 'leaf1' } });
    const opened = allow('opened', {
      who: { mirror: 'leaf1' },
      archive: 'debian',
      path: 'dists/embargo',
    });
    const inside = { ...pull, path: 'dists/embargo/main/Release' };
    assert.equal(decide([embargo, hub], inside).rule?.id, 'embargo');
    assert.equal(decide([embargo, hub, opened], inside).rule?.id, 'opened');
    assert.equal(decide([embargo, hub], { ...pull, path: 'dists/sid/Release' }).allowed, true);
    assert.equal(decide([embargo, hub], pull).allowed, true, 'the archive as a whole');
  });

  test('what follows from the registry yields to a rule about the mirror, however general', () => {
    const who = { mirror: 'leaf1' };
    const carried = allow('carried', { who, archive: 'debian', isDefault: true });
    const request = { ...pull, who: { ...who, tier: 2, roles: ['leaf'] } };
    for (const about of [who, { tier: 2 }, { role: 'leaf' }]) {
      assert.equal(decide([carried, deny('no', { who: about })], request).rule?.id, 'no');
    }
    const closed = deny('closed', { archive: 'debian' });
    assert.equal(decide([carried, closed], request).rule?.id, 'carried');
  });

  test('a path that is not plain is refused whatever the rules', () => {
    for (const path of ['/etc', 'a/../b', 'a//b', './a', '', 'a\nb', 'x'.repeat(5000)]) {
      assert.equal(decide([allow('all', {})], { ...pull, path }).allowed, false, path);
    }
  });

  test('what cannot be judged counts against the one who asks', () => {
    const near = { from: ['10.0.0.0/8'] };
    assert.equal(decide([allow('near', near)], pull).allowed, false);
    assert.equal(decide([allow('all', {}), deny('near', near)], pull).rule?.id, 'near');
    const broken = { from: ['10.1'] };
    const request = { ...pull, from: '10.0.0.1' };
    assert.equal(decide([allow('broken', broken)], request).allowed, false);
    assert.equal(decide([allow('all', {}), deny('broken', broken)], request).allowed, false);
    const never = { validUntil: new Date(Number.NaN) };
    assert.equal(decide([allow('never', never)], pull).allowed, false);
    assert.equal(decide([allow('all', {}), deny('never', never)], pull).allowed, false);
    assert.equal(decide([allow('nowhere', { from: [] })], request).allowed, false);
  });

  test('100,000 random policies and requests: the same as a naive reading of the rules', (t) => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    t.diagnostic(`SEED=${seed}`);
    const random = randomOf(seed);
    let allowed = 0;
    for (let run = 0; run < 100_000; run++) {
      const rules = Array.from({ length: random(7) }, (_, index) => randomRule(random, index));
      const request = randomRequest(random);
      const ours = decide(rules, request);
      const theirs = naive(rules, request);
      const turned = decide(rules.toReversed(), request);
      const agree =
        ours.allowed === (theirs[0]?.effect === 'allow') &&
        (ours.rule === undefined ? theirs.length === 0 : theirs.includes(ours.rule)) &&
        turned.rule === ours.rule;
      if (!agree) assert.fail(JSON.stringify({ seed, run, rules, request, ours, theirs, turned }));
      if (ours.allowed) allowed++;
    }
    assert.ok(allowed > 5_000 && allowed < 95_000, `one-sided: ${allowed} allowed`);
  });
});

/**
 * The documented rules once more, by other means: BlockList for addresses, regular expressions for
 * paths, and the winners as the set that no other matching rule dominates.
 */
function naive(rules: Rule[], request: Request): Rule[] {
  const applying = rules.filter((rule) => naiveMatch(rule, request));
  const ranks = new Map(applying.map((rule) => [rule, naiveRanks(rule, request)]));
  const winners = applying.filter((rule) => {
    const mine = ranks.get(rule) ?? [];
    for (const [by, other] of ranks) {
      if (naiveYields(rule, by)) return false;
      const notLess = other.every((rank, index) => rank >= (mine[index] ?? 0));
      if (naiveYields(by, rule)) continue;
      if (notLess && other.join() !== mine.join()) return false;
    }
    return true;
  });
  const denies = winners.filter((rule) => rule.effect === 'deny');
  return denies.length > 0 ? denies : winners;
}

/** What follows from the registry gives way to what somebody wrote about someone. */
function naiveYields(rule: Rule, to: Rule): boolean {
  return Boolean(rule.isDefault) && !to.isDefault && Object.keys(to.who).length > 0;
}

function naiveMatch(rule: Rule, request: Request): boolean {
  const { who } = rule;
  const asking = request.who;
  const holds = [
    rule.action === request.action,
    who.key === undefined || who.key === asking.key,
    who.mirror === undefined || who.mirror === asking.mirror,
    who.network === undefined || who.network === asking.network,
    who.tier === undefined || who.tier === asking.tier,
    who.role === undefined || (asking.roles ?? []).includes(who.role),
    rule.archive === undefined || rule.archive === request.archive,
    rule.view === undefined || rule.view === request.view,
    rule.path === undefined ||
      (request.path !== undefined && naivePath(rule.path).test(`${request.path}/`)),
    rule.validFrom === undefined || rule.validFrom <= request.at,
    rule.validUntil === undefined || request.at < rule.validUntil,
    rule.from === undefined ||
      (request.from === undefined ? rule.effect === 'deny' : widest(rule, request.from) > 0),
  ];
  return !holds.includes(false);
}

function naiveRanks(rule: Rule, request: Request): number[] {
  const { who } = rule;
  const bit = (value: unknown) => (value === undefined ? '0' : '1');
  const whoRank = [who.key, who.mirror, who.role, who.tier, who.network].map(bit).join('');
  let what = rule.archive === undefined ? 0 : 1;
  if (rule.view !== undefined) what = 2;
  if (rule.path !== undefined) what = 3 + rule.path.replaceAll(/[*?]/g, '').length;
  let from = 0;
  if (rule.from !== undefined) from = request.from === undefined ? 1 : widest(rule, request.from);
  return [parseInt(whoRank, 2), what, from, +bit(rule.validFrom) + +bit(rule.validUntil)];
}

/** 1 + the bits of the narrowest range around an address; 0 when none is. */
function widest(rule: Rule, ip: string): number {
  let best = 0;
  for (const cidr of rule.from ?? []) {
    const [net = '', prefix = ''] = cidr.split('/');
    const bits = Number(prefix) + (isIPv4(net) ? 96 : 0);
    if (blockList(cidr).check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6')) best = Math.max(best, 1 + bits);
  }
  return best;
}

const blockList = remembered((cidr: string) => {
  const [net = '', prefix = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(net, Number(prefix), isIPv4(net) ? 'ipv4' : 'ipv6');
  return list;
});

function remembered<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

/** For paths written as folders, `a/b/`, so that each part ends alike. */
function naivePath(pattern: string): RegExp {
  const body = pattern
    .split('/')
    .map((part) =>
      part === '**'
        ? '(?:[^/]+/)*'
        : `${part.replaceAll('.', '\\.').replaceAll('?', '[^/]').replaceAll('*', '[^/]*')}/`,
    )
    .join('');
  return new RegExp(`^${body}`);
}

type Random = (below: number) => number;

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const PATTERNS = [
  'dists',
  'dists/*',
  'dists/s?d',
  'pool/**/*.deb',
  '**/Release',
  'dists/**/x',
  '**',
];
const PATHS = ['dists', 'dists/sid', 'dists/sid/x', 'pool/a/b.deb', 'Release', 'dists/a/b/Release'];
const CIDRS = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '2001:db8::/32', '::1/128'];
const IPS = ['10.1.2.3', '10.1.9.9', '192.0.2.1', '2001:db8::7', '::1'];
const TIMES = [-2, -1, 0, 1, 2].map((hours) => new Date(AT.getTime() + hours * 3_600_000));

function randomRule(random: Random, index: number): Rule {
  const maybe = <T>(one: readonly T[]) => (random(3) === 0 ? pick(random, one) : undefined);
  const from = random(3) === 0 ? [pick(random, CIDRS), pick(random, CIDRS)] : undefined;
  return strip({
    id: `r${index}`,
    effect: pick(random, ['allow', 'allow', 'deny']),
    isDefault: maybe([true, true, false]),
    who: strip({
      mirror: maybe(['leaf1', 'leaf2']),
      key: maybe(['SHA256:a', 'SHA256:b']),
      network: maybe(['net', 'other']),
      role: maybe(['mirror', 'hub']),
      tier: maybe([1, 2]),
    }),
    action: pick(random, ['pull', 'pull', 'pull', 'trigger']),
    archive: maybe(['debian', 'ubuntu']),
    view: maybe(['embargo', 'public']),
    path: maybe(PATTERNS),
    from,
    validFrom: maybe(TIMES),
    validUntil: maybe(TIMES),
  });
}

function randomRequest(random: Random): Request {
  const maybe = <T>(one: readonly T[]) => (random(4) > 0 ? pick(random, one) : undefined);
  return strip({
    who: strip({
      mirror: maybe(['leaf1', 'leaf1', 'leaf2']),
      key: maybe(['SHA256:a', 'SHA256:b']),
      network: maybe(['net', 'net', 'other']),
      roles: maybe([['mirror'], ['mirror', 'hub'], []]),
      tier: maybe([1, 2]),
    }),
    action: pick(random, ['pull', 'pull', 'pull', 'trigger']),
    archive: maybe(['debian', 'debian', 'ubuntu']),
    view: maybe(['embargo', 'public']),
    path: maybe(PATHS),
    from: maybe(IPS),
    at: AT,
  });
}

function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[random(from.length)];
  assert.ok(one !== undefined);
  return one;
}

type Stripped<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function strip<T extends object>(value: T): Stripped<T> {
  const kept = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(kept) as Stripped<T>;
}

function allow(id: string, parts: Partial<Rule>): Rule {
  return { id, effect: 'allow', who: {}, action: 'pull', ...parts };
}

function deny(id: string, parts: Partial<Rule>): Rule {
  return { id, effect: 'deny', who: {}, action: 'pull', ...parts };
}
