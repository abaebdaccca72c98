import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { AclError } from './errors.ts';
import { renderRsyncdConf, type RsyncdConf, type RsyncdModule } from './rsyncd.ts';

const folder = mkdtempSync(join(tmpdir(), 'rsyncd-'));
after(() => rmSync(folder, { recursive: true }));

describe('the real rsync daemon', () => {
  const tree = join(folder, 'tree with spaces');
  let daemon: ChildProcess;
  let port: number;

  before(async () => {
    mkdirSync(join(tree, 'project/private'), { recursive: true });
    writeFileSync(join(tree, 'README'), 'hello');
    writeFileSync(join(tree, 'project/private/key'), 'secret');
    writeFileSync(join(tree, 'half.tmp'), 'half');
    writeFileSync(join(folder, 'outside'), 'not yours');
    symlinkSync('../outside', join(tree, 'leads-out'));
    port = await freePort();
    const modules: RsyncdModule[] = [
      { name: 'open', path: tree, comment: 'For everybody; [really] # yes' },
      { name: 'some', path: tree, hostsAllow: ['127.0.0.2', '127.0.1.0/24', '2001:db8::/32'] },
      { name: 'nobody', path: tree, hostsAllow: [] },
      { name: 'part', path: tree, exclude: ['/project/private', '*.tmp'], maxConnections: 10 },
    ];
    const files = { pidFile: join(folder, 'pid'), lockFile: join(folder, 'lock') };
    const conf = { address: '127.0.0.1', port, ...files, logFile: join(folder, 'log'), modules };
    const path = join(folder, 'rsyncd.conf');
    writeFileSync(path, renderRsyncdConf(conf));
    daemon = spawn('rsync', ['--daemon', '--no-detach', `--config=${path}`], { stdio: 'ignore' });
    await listening(port);
  });

  after(async () => {
    daemon.kill();
    await once(daemon, 'exit');
  });

  test('lists its modules', () => {
    const { stdout } = rsync('127.0.0.1', '');
    assert.match(stdout, /^open\s+For everybody; \[really\] # yes$/m);
    assert.match(stdout, /^some\s*$/m);
  });

  for (const [from, served] of [
    ['127.0.0.2', true],
    ['127.0.1.77', true],
    ['127.0.0.1', false],
    ['127.0.0.3', false],
    ['127.0.2.1', false],
  ] as const) {
    test(`from ${from}: ${served ? 'served' : 'refused'} what some may have`, () => {
      const { status, stderr } = rsync(from, 'some/README', destination());
      if (served) assert.equal(status, 0, stderr);
      else assert.match(stderr, /access denied to some/);
    });
    test(`from ${from}: served what everybody may have`, () => {
      assert.equal(rsync(from, 'open/README', destination()).status, 0);
    });
    test(`from ${from}: refused what nobody may have`, () => {
      assert.match(rsync(from, 'nobody/README', destination()).stderr, /access denied to nobody/);
    });
  }

  test('serves a tree as it is, symlinks unchanged', () => {
    const to = destination();
    assert.equal(rsync('127.0.0.1', '-a', 'open/', to).status, 0);
    const names = readdirSync(to).toSorted();
    assert.deepEqual(names, ['README', 'half.tmp', 'leads-out', 'project']);
  });

  test('hides what is excluded, also from those who know its name', () => {
    const to = destination();
    assert.equal(rsync('127.0.0.1', '-a', 'part/', to).status, 0);
    const names = readdirSync(to, { recursive: true }).map(String).toSorted();
    assert.deepEqual(names, ['README', 'leads-out', 'project']);
    for (const hidden of ['project/private/key', 'project/private/', 'half.tmp']) {
      assert.notEqual(rsync('127.0.0.1', `part/${hidden}`, destination()).status, 0, hidden);
    }
  });

  test('takes nothing in', () => {
    const local = join(folder, 'outside');
    const url = `rsync://127.0.0.1:${port}/open/new`;
    const { status, stderr } = spawnSync('rsync', [local, url], { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /read only/);
  });

  test('is not led out of the module by a symlink', () => {
    for (const follow of ['-L', '--copy-unsafe-links', '-k']) {
      const to = destination();
      const { status } = rsync('127.0.0.1', '-r', follow, 'open/', to);
      assert.notEqual(status, 0, follow);
      assert.deepEqual(readdirSync(to), [], follow);
    }
    assert.notEqual(rsync('127.0.0.1', 'open/../outside', destination()).status, 0);
  });

  /** Ask the daemon from one of this machine's addresses; the last words are module and target. */
  function rsync(from: string, ...words: string[]) {
    const target = words.length > 1 ? words.pop() : undefined;
    const source = `rsync://127.0.0.1:${port}/${words.pop() ?? ''}`;
    const args = [`--address=${from}`, ...words, source, ...(target === undefined ? [] : [target])];
    return spawnSync('rsync', args, { encoding: 'utf8', timeout: 10_000 });
  }
});

describe('what is refused', () => {
  const good: RsyncdModule = { name: 'debian', path: '/srv/mirror' };
  const modules: [string, Partial<RsyncdModule>][] = [
    ['a name with a bracket', { name: 'a]' }],
    ['a name with a line break', { name: 'a\n[b' }],
    ['the name that means all modules', { name: 'global' }],
    ['a name with a space', { name: ' a' }],
    ['a path with a line break', { path: '/srv\nread only = no' }],
    ['a path with a variable', { path: '/srv/%HOME%' }],
    ['a path that joins the next line', { path: '/srv\\' }],
    ['a path that ends in a blank', { path: '/srv ' }],
    ['a relative path', { path: 'srv' }],
    ['a path that climbs', { path: '/srv/../etc' }],
    ['a comment with a line break', { comment: 'x\r\nuid = root' }],
    ['a comment that joins the next line', { comment: 'x\\' }],
    ['a comment with a variable', { comment: '%RSYNC_PID%' }],
    ['a comment that begins with a blank', { comment: ' x' }],
    ['a host by name', { hostsAllow: ['mirror.example'] }],
    ['a netgroup', { hostsAllow: ['@all'] }],
    ['a wildcard', { hostsAllow: ['*'] }],
    ['a pattern with a blank', { exclude: ['a b'] }],
    ['a pattern that clears the others', { exclude: ['!'] }],
    ['a pattern that includes', { exclude: ['+', '/x'] }],
    ['a pattern with a line break', { exclude: ['/x\npath=/'] }],
    ['half a connection', { maxConnections: 0.5 }],
    ['no connection', { maxConnections: 0 }],
  ];
  for (const [name, part] of modules) {
    test(name, () => refused({ modules: [{ ...good, ...part }] }));
  }

  const globals: [string, Partial<RsyncdConf>][] = [
    ['an address by name', { address: 'localhost' }],
    ['an address with a zone', { address: 'fe80::1%lo' }],
    ['port 0', { port: 0 }],
    ['a log file with a line break', { logFile: '/x\nuid = root' }],
    ['a limit without a lock file', { maxConnections: 3 }],
    ['two modules of one name', { modules: [good, good] }],
  ];
  for (const [name, part] of globals) test(name, () => refused(part));

  test('whatever is accepted has one line for each setting, and our sections only', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'ab/]=[;#%\\\n\r \t.&!+'.split('')) });
    fc.assert(
      fc.property(odd, odd, odd, odd, (name, path, comment, pattern) => {
        const one = { name, path: `/${path}`, comment, exclude: [pattern] };
        try {
          const lines = renderRsyncdConf({ ...base, modules: [one] }).split('\n');
          assert.equal(lines.filter((line) => line.startsWith('[')).length, 1);
          assert.deepEqual(lines.slice(lines.indexOf(`[${name}]`)), [
            `[${name}]`,
            `path = /${path}`,
            `comment = ${comment}`,
            `exclude = ${pattern}`,
            '',
          ]);
        } catch (error) {
          assert.ok(error instanceof AclError, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });

  const base: RsyncdConf = { address: '::1', port: 8730, modules: [good] };
  function refused(part: Partial<RsyncdConf>) {
    renderRsyncdConf({ ...base, lockFile: '/lock' });
    const withLock = part.modules === undefined ? {} : { lockFile: '/lock' };
    assert.throws(() => renderRsyncdConf({ ...base, ...withLock, ...part }), AclError);
  }
});

let counter = 0;
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
