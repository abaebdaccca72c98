import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeKey, makeNetwork, tempFolder, until, writeConfig } from './fixtures.test.ts';

const root = tempFolder();
const { allowedSigners } = makeNetwork(root);
const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const running = new Set<ReturnType<typeof spawn>>();
after(() => running.forEach((child) => child.kill('SIGKILL')));

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString('utf8')));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...out });
    });
  });
  return { child, out, ended };
}

const mirror = (settings: Record<string, unknown> = {}) =>
  writeConfig(mkdtempSync(join(root, 'mirror-')), allowedSigners, settings);

describe('mirror-agent', () => {
  test('unknown commands, options and archives are usage errors', async () => {
    const config = mirror();
    const results = await Promise.all(
      [
        [],
        ['fly'],
        ['status', '--colour'],
        ['receive', '--config', config],
        ['sync', 'other', '--config', config],
      ].map((args) => start(args).ended),
    );
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /^ +at /m);
    }
    assert.match(results[4]?.stderr ?? '', /does not carry other\. It carries: debian\./);
  });

  test('help has an example for each command', async () => {
    const helps = await Promise.all(
      ['serve', 'receive', 'sync', 'status'].map((name) => start([name, '--help']).ended),
    );
    for (const { code, stdout } of helps) {
      assert.equal(code, 0);
      assert.match(stdout, /Example:\n {2}\S/);
      assert.match(stdout, /--json/);
    }
  });

  test('faults of the configuration are one clear sentence each, and exit code 1', async () => {
    const broken = mirror({ colour: 'red', concurrency: 'many' });
    const [missing, invalid, fromEnvironment, exposed] = await Promise.all([
      start(['serve', '--config', join(root, 'none.toml')]).ended,
      start(['status', '--config', broken]).ended,
      start(['status'], { PUSHMIRROR_AGENT_CONFIG: join(root, 'else.toml') }).ended,
      (async () => {
        writeFileSync(join(root, 'exposed'), '', { mode: 0o644 });
        return start(['serve', '--config', mirror({ push_key: join(root, 'exposed') })]).ended;
      })(),
    ]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^mirror-agent: \S+none\.toml: there is no such file/);
    assert.equal(invalid.code, 1);
    assert.match(invalid.stderr, /concurrency: expected a whole number, got "many"/);
    assert.match(invalid.stderr, /colour: unknown key/);
    assert.match(fromEnvironment.stderr, /else\.toml/);
    assert.match(exposed.stderr, /push_key: \S+ can be read by others \(mode 0644\)\. Run: chmod/);
  });

  test('serves until it is told to stop, and answers status and triggers meanwhile', async () => {
    const config = mirror({
      peer: [{ name: 'hub', key: makeKey(join(root, 'hub')) }],
    });
    const daemon = start(['serve', '--config', config]);
    await until('ready', () => daemon.out.stderr.includes('"msg":"ready"'), 30_000);
    const env = { SSH_ORIGINAL_COMMAND: 'sync:all', SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' };
    const [status, table, received, refused, second] = await Promise.all([
      start(['status', '--json', '--config', config]).ended,
      start(['status', '--config', config]).ended,
      start(['receive', '--config', config, '--peer', 'hub'], env).ended,
      start(['receive', '--config', config, '--peer', 'else'], env).ended,
      start(['serve', '--config', config]).ended,
    ]);
    const { mirror: name, running: runs } = JSON.parse(status.stdout) as Record<string, unknown>;
    assert.deepEqual([name, runs], ['leaf', true]);
    assert.match(table.stdout, /^leaf in net: running$/m);
    assert.deepEqual([received.code, refused.code], [0, 77], received.stderr + refused.stderr);
    assert.match(refused.stdout, /^\{"result":"refused",.*\}\n$/);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^mirror-agent: Another mirror-agent is at work on/);
    daemon.child.kill('SIGTERM');
    const { code, stdout, stderr } = await daemon.ended;
    assert.equal(code, 0);
    assert.equal(stdout, '');
    for (const line of stderr.trim().split('\n')) JSON.parse(line);
    const offline = await start(['status', '--json', '--config', config]).ended;
    assert.equal((JSON.parse(offline.stdout) as { running: boolean }).running, false);
  });
});
