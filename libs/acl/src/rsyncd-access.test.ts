import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accessFiles } from './access-files.ts';
import { AclError } from './errors.ts';
import { matchesPath } from './path-pattern.ts';
import { hiddenPatterns, shownPatterns } from './rsync-patterns.ts';
import { renderRsyncdConf, renderSecrets, type RsyncdModule } from './rsyncd.ts';

const folder = mkdtempSync(join(tmpdir(), 'rsyncd-access-'));
const tree = join(folder, 'tree');
const secretsFile = join(folder, 'secrets');
const SECRETS = [
  { user: 'leaf1_1', secret: 'first-secret-of-leaf1' },
  { user: 'leaf1_2', secret: 'second-secret-of-leaf1' },
  { user: 'leaf2_1', secret: 'only-secret-of-leaf2' },
];
const FILES = [
  'dists/embargo/main/Release',
  'dists/sid/Release',
  'dists/sid/a.deb',
  'pool/a.deb',
  'pool/x/y/b.deb',
  'pool/x/b.dsc',
  'project/trace/master',
];
const HIDDEN = ['dists/embargo', 'pool/**/*.deb', '**/Release', 'dists/s?d', 'pool/x/b*'];

describe('who gets in, and what they see', () => {
  let daemon: ChildProcess;
  let port: number;

  before(async () => {
    for (const file of FILES) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), file);
    }
    writeFileSync(secretsFile, renderSecrets(SECRETS), { mode: 0o600 });
    const near = join(folder, 'near');
    writeFileSync(
      near,
      '#!/bin/sh\n[ "$RSYNC_USER_NAME@$RSYNC_HOST_ADDR" = leaf1_1@127.0.0.2 ]\n',
      {
        mode: 0o700,
      },
    );
    const users = { path: tree, secretsFile };
    const modules: RsyncdModule[] = [
      { name: 'leaf1', ...users, authUsers: ['leaf1_1', 'leaf1_2'] },
      { name: 'near', ...users, authUsers: ['leaf1_1'], hostsAllow: ['127.0.0.2'] },
      { name: 'guarded', ...users, authUsers: ['leaf1_1', 'leaf1_2'], guard: [near] },
      { name: 'nobody', ...users, authUsers: [] },
      ...HIDDEN.map((path, index) => {
        return { name: `hidden${index}`, path: tree, exclude: hiddenPatterns([path]) };
      }),
      {
        name: 'view',
        path: tree,
        only: shownPatterns(['dists', 'pool/x/*.dsc']),
        exclude: ['.~tmp~/', ...hiddenPatterns(['dists/sid'])],
      },
    ];
    port = await freePort();
    const conf = join(folder, 'rsyncd.conf');
    writeFileSync(conf, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
    daemon = spawn('rsync', ['--daemon', '--no-detach', `--config=${conf}`], { stdio: 'ignore' });
    await listening(port);
  });

  after(async () => {
    daemon.kill();
    await once(daemon, 'exit');
    rmSync(folder, { recursive: true });
  });

  const secretOf = (user: string) => SECRETS.find((one) => one.user === user)?.secret ?? 'wrong';
  for (const [module, user, from, served] of [
    ['leaf1', 'leaf1_1', '127.0.0.1', true],
    ['leaf1', 'leaf1_2', '127.0.0.1', true],
    ['leaf1', 'leaf2_1', '127.0.0.1', false],
    ['leaf1', 'leaf1_3', '127.0.0.1', false],
    ['leaf1', undefined, '127.0.0.1', false],
    ['near', 'leaf1_1', '127.0.0.2', true],
    ['near', 'leaf1_1', '127.0.0.1', false],
    ['near', 'leaf1_2', '127.0.0.2', false],
    ['guarded', 'leaf1_1', '127.0.0.2', true],
    ['guarded', 'leaf1_1', '127.0.0.1', false],
    ['guarded', 'leaf1_2', '127.0.0.2', false],
    ['nobody', 'leaf1_1', '127.0.0.1', false],
  ] as const) {
    test(`${user ?? 'a stranger'} from ${from}: ${served ? 'served' : 'refused'} ${module}`, () => {
      const to = destination();
      const result = pull(module, to, { from, ...(user === undefined ? {} : { user }) });
      assert.equal(result.status === 0, served, result.stderr);
      assert.equal(readdirSync(to).length > 0, served);
    });
  }

  for (const [index, pattern] of HIDDEN.entries()) {
    test(`hides ${pattern}, and nothing else`, () => {
      const to = destination();
      assert.equal(pull(`hidden${index}`, to, {}).status, 0);
      assert.deepEqual(filesIn(to), FILES.filter((path) => !matchesPath(pattern, path)).toSorted());
    });
  }

  test('a view shows its paths and the trace files, and nothing else', () => {
    const to = destination();
    assert.equal(pull('view', to, {}).status, 0);
    assert.deepEqual(filesIn(to), [
      'dists/embargo/main/Release',
      'pool/x/b.dsc',
      'project/trace/master',
    ]);
    assert.notEqual(pull('view/pool/a.deb', destination(), {}).status, 0, 'by its name');
  });

  function pull(module: string, to: string, o: { user?: string; from?: string }) {
    const who = o.user === undefined ? '' : `${o.user}@`;
    const source = `rsync://${who}127.0.0.1:${port}/${module}`;
    const args = [`--address=${o.from ?? '127.0.0.1'}`, '-r', '--prune-empty-dirs'];
    const env = { ...process.env, RSYNC_PASSWORD: secretOf(o.user ?? '') };
    return spawnSync('rsync', [...args, source.endsWith('.deb') ? source : `${source}/`, to], {
      encoding: 'utf8',
      timeout: 10_000,
      env,
    });
  }
});

test('what rsync would read otherwise is refused', () => {
  for (const path of ['a b', 'a[b]', '/etc', '../x', 'a**b', '**/**/**/**/x', 'é']) {
    assert.throws(() => hiddenPatterns([path]), AclError, path);
  }
  assert.throws(() => shownPatterns(['pool/**/*.deb']), AclError);
  assert.throws(() => renderSecrets([{ user: 'leaf1:x', secret: 'x'.repeat(32) }]), AclError);
  assert.throws(() => renderSecrets([{ user: 'leaf1', secret: 'a\nroot:b'.repeat(4) }]), AclError);
  const module = { name: 'debian', path: '/srv' };
  for (const bad of [
    { authUsers: ['leaf1'] },
    { authUsers: ['@group'], secretsFile: '/secrets' },
    { authUsers: ['leaf1:rw'], secretsFile: '/secrets' },
    { guard: ['/bin/sh', '-c', 'id; true'] },
    { guard: ['true'] },
  ]) {
    const conf = { address: '127.0.0.1', port: 873, modules: [{ ...module, ...bad }] };
    assert.throws(() => renderRsyncdConf(conf), AclError, JSON.stringify(bad));
  }
});

function filesIn(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .toSorted();
}

let counter = 0;
test('where only a part is shown, so is no folder whose names tell nothing of the paths', () => {
  const all = {
    archive: 'debian',
    users: null,
    hostsAllow: [],
    ranges: null,
    show: null,
    hide: [],
  };
  const { modules } = accessFiles({
    modules: [
      { ...all, name: 'debian' },
      { ...all, name: 'debian+rest', hide: ['dists/embargo'] },
      { ...all, name: 'debian+part', show: ['dists/sid'] },
    ],
    secrets: [],
    pathOf: () => tree,
    folder,
    guard: [],
    within: [],
  });
  const hidden = modules.map(({ exclude = [] }) =>
    exclude.includes('/project/pushmirror/newest.pack'),
  );
  assert.deepEqual(hidden, [false, true, true]);
});

function destination(): string {
  const path = join(folder, `to${counter++}`);
  mkdirSync(path);
  return `${path}/`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Not yet.
    } finally {
      socket.destroy();
    }
  }
  assert.fail(`nothing listens on port ${port}`);
}
