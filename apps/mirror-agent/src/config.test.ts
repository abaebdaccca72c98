import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError, loadConfig, parseConfig } from '@pushmirror/config';
import { z } from 'zod';
import { agentConfig } from './config.ts';

const top = `
name = "leaf.example.org"
network = "net"
state = "/var/lib/agent"
allowed_signers = "/etc/signers"
`;
const archive = (name: string, to: string, more = '') =>
  `[[archive]]\nname = "${name}"\nto = "${to}"\nupstream = "rsync://hub/debian"\n${more}\n`;

describe('the configuration', () => {
  test('the annotated example is a good one', () => {
    const example = join(import.meta.dirname, '../../../config/mirror-agent.toml');
    const config = loadConfig(example, agentConfig);
    assert.equal(config.archive[0]?.name, 'debian');
  });

  test('the example with all that it only suggests is a good one too, and has every key', () => {
    const example = readFileSync(
      join(import.meta.dirname, '../../../config/mirror-agent.toml'),
      'utf8',
    );
    // What is given twice in it are alternatives.
    const all = example.replaceAll(/^# (?!upstream = )(?=(\[+\w+(\.\w+)?\]+|[\w.]+ = .*)$)/gm, '');
    const config = parseConfig(all, agentConfig, 'x');
    assert.deepEqual(config.archive[0]?.fallbacks, ['rsync://master.example.org/debian']);
    assert.equal(config.rsync_ssh?.url, 'ssh://mirror@hub.example.org');
    const missing = keysOf(agentConfig).filter(
      (key) =>
        !new RegExp(
          `^(?:# )?(?:\\[+(?:\\w+\\.)?${key}\\]+|(?:\\w+\\.)?${key}(?:\\.\\w+)? = )`,
          'm',
        ).test(example),
    );
    assert.deepEqual(missing, []);
  });

  test('the shortest one, with its defaults', () => {
    const config = parseConfig(top + archive('debian', '/srv/debian'), agentConfig, 'x');
    assert.equal(config.concurrency, 2);
    assert.deepEqual(config.peer, []);
    assert.deepEqual(config.archive, [
      {
        name: 'debian',
        to: '/srv/debian',
        profile: 'debian',
        upstream: 'rsync://hub/debian',
        fallbacks: [],
        mode: 'auto',
        deadline: 43_200_000,
        max_delete: 40_000,
        include: [],
        exclude: [],
        architectures: { include: [], exclude: [] },
        hooks: {},
        poll: { every: 900_000, jitter: 300_000 },
        upstream_busy: { wait: 1_200_000, retries: 3 },
        min_free: 2 ** 30,
      },
    ]);
  });

  test('three mistakes are three lines', () => {
    const text = top.replace('leaf.example.org', 'Leaf!') + archive('../x', 'srv', 'max_delte = 3');
    assert.deepEqual(problems(text), [
      'x: name: expected a mirror name, like a host name in lower case, got "Leaf!"',
      'x: archive[0].name: expected an archive name: lower-case letters, digits and ._+-, got "../x"',
      'x: archive[0].to: expected an absolute path such as "/srv/mirror", got "srv"',
      'x: archive[0].max_delte: unknown key, did you mean "max_delete"?',
    ]);
  });

  test('archives may not share a name or a folder, nor lie in one another or in the state', () => {
    const text =
      top +
      archive('a', '/srv/a') +
      archive('a', '/srv/b') +
      archive('c', '/srv/a/c') +
      archive('d', '/var/lib/agent/tree');
    assert.deepEqual(problems(text), [
      'x: archive[1].name: archive[0] has this name already, got "a"',
      'x: archive[2].to: expected a folder of its own, apart from that of "a" (/srv/a), got "/srv/a/c"',
      'x: archive[3].to: expected a folder apart from the state folder (/var/lib/agent), got "/var/lib/agent/tree"',
    ]);
    const beside = top + archive('a', '/srv/a') + archive('ab', '/srv/ab');
    assert.equal(parseConfig(beside, agentConfig, 'x').archive.length, 2);
  });

  test('peers are named once, and notify of archives that exist', () => {
    const peer = (more: string) => `[[peer]]\nname = "hub"\nkey = "ssh-ed25519 A"\n${more}\n`;
    const text =
      top + peer('archives = ["ubuntu"]') + peer('from = ["10.1"]') + archive('debian', '/srv');
    assert.match(problems(text).join('\n'), /^x: peer\[1\]\.from\[0\]: /);
    const numeric = text.replace('10.1', '10.0.0.0/8');
    assert.deepEqual(
      problems(numeric),
      [
        'x: peer[1].name: peer[0] has this name already, got "hub"',
        'x: peer[0].archives[0]: expected an archive of this file, got "ubuntu"',
      ].toSorted(),
    );
  });

  test('no archive, a relative upstream, both lists of architectures', () => {
    assert.match(problems(`${top}archive = []`).join(), /expected at least one \[\[archive\]\]/);
    const text = top + archive('a', '/srv').replace('rsync://hub/debian', '/srv/debian');
    assert.match(problems(text).join(), /expected a URL such as "rsync:\/\/host\/module\/path"/);
    const both = 'architectures = { include = ["amd64"], exclude = ["i386"] }';
    assert.match(problems(top + archive('a', '/srv', both)).join(), /"include" or "exclude"/);
  });
});

function problems(text: string): string[] {
  try {
    parseConfig(text, agentConfig, 'x');
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** Every key of a schema, at whatever depth. */
function keysOf(schema: z.ZodType): string[] {
  const found = new Set<string>();
  const look = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [name, value] of Object.entries(part)) {
      if (name === 'properties') for (const key of Object.keys(value as object)) found.add(key);
      look(value);
    }
  };
  look(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return [...found];
}
