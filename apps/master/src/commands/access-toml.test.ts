import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { parseConfig } from '@pushmirror/config';
import { accessText, ruleOf, type AccessText } from '../access/rule-text.ts';
import { accessToml } from './access-toml.ts';

test('what is exported is read back as it was', () => {
  const text: AccessText = {
    view: [{ archive: 'debian', name: 'embargo', paths: ['dists/embargo', 'pool/"x"*'] }],
    rule: [
      {
        id: 'r1',
        effect: 'deny',
        action: 'pull',
        tier: 2,
        archive: 'debian',
        from: ['10.0.0.0/8', '2001:db8::/32'],
        valid_until: '2027-01-01T00:00:00Z',
        note: 'because "they" said so \\ ünd',
      },
      { id: 'r2', effect: 'allow', action: 'trigger', mirror: 'leaf1' },
    ],
  };
  assert.deepEqual(parseConfig(accessToml(text), accessText, 'rules.toml'), text);
  const none = { view: [], rule: [] };
  assert.deepEqual(parseConfig(accessToml(none), accessText, 'rules.toml'), none);
});

test('the example means what it says, as it is and with all that it only suggests', () => {
  const path = fileURLToPath(new URL('../../../../config/rules.toml', import.meta.url));
  const example = readFileSync(path, 'utf8');
  assert.deepEqual(
    parseConfig(example, accessText, path).rule.map(({ id }) => id),
    ['security-restricted'],
  );
  const all = example.replaceAll(/^# (\[\[|[a-z_]+ = )/gm, '$1');
  const { rule, view } = parseConfig(all, accessText, path);
  assert.deepEqual([rule.length, view.length], [10, 1]);
  for (const one of rule) assert.equal(ruleOf(one).id, one.id);
});
