import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
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
  test('serves until it is told to stop, and answers status and triggers meanwhile', async () => {
    const config = mirror({
      peer: [{ name: 'hub', key: makeKey(join(root, 'hub')) }],
    });
    const daemon = start(['serve', '--config', config]);
    await until('ready', () => daemon.out.stderr.includes('"msg":"ready"'), 30_000);
    const env = { SSH_ORIGINAL_COMMAND: 'sync:all', SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' };
    const [table, received, refused, second] = await Promise.all([
      start(['status', '--config', config]).ended,
      start(['receive', '--config', config, '--peer', 'hub'], env).ended,
      start(['receive', '--config', config, '--peer', 'else'], env).ended,
      start(['serve', '--config', config]).ended,
    ]);
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
  });
});
