import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { makeKey, makeNetwork, tempFolder, writeConfig } from '../fixtures.test.ts';
import { statePaths } from '../state/paths.ts';
import { runCommand } from './program.ts';

const root = tempFolder();
const { allowedSigners } = makeNetwork(root);
const mirror = (settings: Record<string, unknown> = {}) =>
  writeConfig(mkdtempSync(join(root, 'mirror-')), allowedSigners, settings);

/** Run a command in this process, and catch what it says. */
async function run(argv: string[]) {
  const said = { stdout: '', stderr: '' };
  const code = await runCommand(argv, {
    defaultConfig: join(root, 'default.toml'),
    output: {
      stdout: (text) => (said.stdout += text),
      stderr: (text) => (said.stderr += text),
    },
  });
  return { code, ...said };
}

describe('mirror-agent', () => {
  test('unknown commands, options and archives are usage errors', async () => {
    const config = mirror();
    for (const [argv, text] of [
      [[], /^Usage: mirror-agent/],
      [['fly'], /unknown command 'fly'/],
      [['status', '--colour'], /unknown option '--colour'/],
      [['import', 'ftpsync', '--colour'], /unknown option '--colour'/],
      [['import', 'ftpsync', config], /is no ftpsync\.conf: it sets nothing that ftpsync knows/],
      [['sync', 'a', 'b'], /too many arguments/],
      [['receive', '--config', config], /required option '--peer <name>' not specified/],
      [['sync', 'other', '--config', config], /does not carry other\. It carries: debian\./],
    ] as [string[], RegExp][]) {
      const { code, stdout, stderr } = await run(argv);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, text);
    }
  });

  test('authorized-keys lets in whoever is above this mirror now, for triggers alone', async () => {
    const [before, now] = [makeKey(join(root, 'before')), makeKey(join(root, 'now'))];
    const token = join(root, 'token');
    writeFileSync(token, 'pmt_x\n', { mode: 0o600 });
    const master = { url: 'http://127.0.0.1:1', token_file: token, follow_tree: true };
    const config = mirror({ master, peer: [{ name: 'old.example.org', key: before }] });
    const lines = async () => (await run(['authorized-keys', '--config', config])).stdout;
    const line = (name: string, key: string) =>
      `restrict,command="/usr/bin/mirror-agent receive --config ${config} --peer ${name}" ${key} ${name}\n`;
    assert.equal(await lines(), line('old.example.org', before));
    const { root: state, access } = statePaths(join(dirname(config), 'state'));
    mkdirSync(state, { recursive: true });
    const sources = [
      { name: 'new.example.org', rsyncUrl: 'rsync://new.example.org', pushKey: now },
    ];
    const told = { digest: '1', modules: [], secrets: [], upstreams: [], downstreams: '', sources };
    writeFileSync(access, JSON.stringify(told));
    assert.equal(await lines(), line('new.example.org', now));
  });

  test('help has an example for each command', async () => {
    for (const name of ['serve', 'receive', 'sync', 'status']) {
      const { code, stdout } = await run([name, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, /Example:\n {2}\S/);
      assert.match(stdout, /--json/);
    }
  });

  test('faults of the configuration are told with the file and the place', async () => {
    await assert.rejects(run(['serve']), /default\.toml: there is no such file/);
    const broken = mirror({ colour: 'red', concurrency: 'many' });
    await assert.rejects(
      run(['status', '--config', broken]),
      /concurrency: expected a whole number, got "many"\n.*colour: unknown key/,
    );
    writeFileSync(join(root, 'exposed'), '', { mode: 0o644 });
    await assert.rejects(
      run(['serve', '--config', mirror({ push_key: join(root, 'exposed') })]),
      /push_key: \S+ can be read by others \(mode 0644\)\. Run: chmod/,
    );
  });

  test('status without a daemon tells what its files say', async () => {
    const { code, stdout } = await run(['status', '--json', '--config', mirror()]);
    assert.equal(code, 0);
    const { running, archives } = JSON.parse(stdout) as { running: boolean; archives: unknown[] };
    assert.equal(running, false);
    assert.deepEqual(archives, [
      { archive: 'debian', state: 'unknown', upstream: 'rsync://127.0.0.1:1/debian' },
    ]);
  });
});
