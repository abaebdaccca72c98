import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { loadConfig, parseConfig } from '@pushmirror/config';
import { policySchema, readPolicy } from './policy.ts';
import { policyFile } from './policy-file.ts';

const example = fileURLToPath(new URL('../../../../config/rollout-policy.toml', import.meta.url));
const read = (text: string) => parseConfig(text, policyFile, 'policy.toml');

test('the example is a policy, and what is stored of it reads the same', () => {
  const policy = loadConfig(example, policyFile);
  assert.equal(policy.waves[0]?.bakeMs, 3_600_000);
  assert.deepEqual(readPolicy(JSON.stringify(policy)), policy);
  const all = readFileSync(example, 'utf8').replaceAll(/^# (?=\[\[|[a-z]+ = )/gm, '');
  assert.deepEqual(
    read(all).waves.map(({ name }) => name),
    ['canary', 'volunteers'],
  );
});

test('an empty file is the default: everybody at once', () => {
  assert.deepEqual(read(''), readPolicy(null));
});

test('gates are shares or numbers, checks are absolute programs', () => {
  const gate = (text: string) =>
    read(`[[wave]]\nname = "a"\nmirrors = ["m"]\ngate = { ${text} }`).waves[0]?.gate;
  assert.deepEqual(gate('committed = "90%"')?.committed, { percent: 90 });
  assert.deepEqual(gate('committed = 3')?.committed, { count: 3 });
  assert.deepEqual(gate('check = ["/bin/x", "-y"]')?.check, ['/bin/x', '-y']);
  for (const bad of [
    'committed = "0%"',
    'committed = 0',
    'committed = "101%"',
    'committed = "all"',
  ]) {
    assert.throws(() => gate(bad), /committed/, bad);
  }
  for (const bad of ['check = ["true"]', 'check = []', 'check = "true"']) {
    assert.throws(() => gate(bad), /check/, bad);
  }
});

test('names are short, single and not "rest"', () => {
  const named = (...names: string[]) =>
    read(names.map((name) => `[[wave]]\nname = "${name}"\nmirrors = ["m"]\n`).join(''));
  assert.equal(named('a', 'b').waves.length, 2);
  assert.throws(() => named('rest'), /rest/);
  assert.throws(() => named('A b'), /short name/);
  assert.equal(policySchema.safeParse(named('a', 'a')).success, false);
});
