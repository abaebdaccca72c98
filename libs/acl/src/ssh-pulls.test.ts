import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EVERYWHERE } from './reach.ts';
import { sshPulls, type SshPuller } from './ssh-pulls.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssh-pulls-'));
after(() => rmSync(folder, { recursive: true }));

const keyOf = (name: string) =>
  readFileSync(join(folder, `${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ');
const whole = (name: string) => ({ name, archive: name, hide: [], show: null });
const embargo = {
  name: 'debian+embargo',
  archive: 'debian',
  hide: [],
  show: ['dists/embargo'],
};
const everywhere = [...EVERYWHERE];
const LOCAL = ['127.0.0.0/8'];

function render(pullers: readonly SshPuller[]) {
  const made = sshPulls({
    pullers,
    modules: [{ ...whole('debian'), hide: ['dists/embargo'] }, whole('security'), embargo],
    pathOf: (archive) => (archive === 'gone' ? undefined : join(folder, 'srv', archive)),
    folder: join(folder, 'pulls'),
    rsync: '/usr/bin/rsync',
    within: [],
  });
  for (const { path, text } of made.files) writeFileSync(path, text, { mode: 0o600 });
  const text = made.lines.map((line) => `${line}\n`).join('');
  writeFileSync(join(folder, 'authorized_keys'), text, { mode: 0o600 });
  return made;
}

describe(
  'rsync over the real sshd',
  { skip: existsSync('/usr/sbin/sshd') ? false : 'no sshd' },
  () => {
    let daemon: ChildProcess;
    let port: number;

    before(async () => {
      for (const name of ['leaf1', 'leaf2', 'stranger', 'host']) {
        const words = ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)];
        execFileSync('ssh-keygen', words);
      }
      mkdirSync(join(folder, 'pulls'));
      for (const archive of ['debian/dists/sid', 'debian/dists/embargo', 'security']) {
        mkdirSync(join(folder, 'srv', archive), { recursive: true });
        writeFileSync(join(folder, 'srv', archive, 'file'), archive);
      }
      if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
      port = await freePort();
      const conf = join(folder, 'sshd_config');
      const settings = `ListenAddress 127.0.0.1\nHostKey ${join(folder, 'host')}\nPidFile none\nAuthorizedKeysFile ${join(folder, 'authorized_keys')}\nAuthenticationMethods publickey\nPermitRootLogin yes\nStrictModes no\nUsePAM no\nAllowTcpForwarding yes\nPermitTTY yes\nSubsystem sftp internal-sftp\n`;
      writeFileSync(conf, settings);
      render([]);
      const words = ['-D', '-e', '-f', conf, '-p', String(port)];
      daemon = spawn('/usr/sbin/sshd', words, { stdio: 'ignore' });
      await listening(port);
      writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${keyOf('host')}\n`);
    });
    after(async () => {
      daemon.kill();
      await once(daemon, 'exit');
    });

    test('each key reaches its modules and nothing else, until it is taken out', async () => {
      const leaf1 = { mirror: 'leaf1', key: keyOf('leaf1') };
      const leaf2 = { mirror: 'leaf2', key: keyOf('leaf2') };
      const open = { name: 'debian', from: everywhere };
      render([
        { ...leaf1, modules: [open, { name: 'debian+embargo', from: LOCAL }] },
        { ...leaf2, modules: [open, { name: 'security', from: ['192.0.2.0/24'] }] },
      ]);
      assert.deepEqual(await listing('leaf1', 'debian'), ['dists', 'dists/sid', 'dists/sid/file']);
      const embargoed = ['dists', 'dists/embargo', 'dists/embargo/file'];
      assert.deepEqual(await listing('leaf1', 'debian+embargo'), embargoed);
      assert.equal(await listing('leaf1', 'security'), undefined);
      assert.notEqual(await listing('leaf2', 'debian'), undefined);
      assert.equal(await listing('leaf2', 'debian+embargo'), undefined);
      assert.equal(await listing('leaf2', 'security'), undefined, 'not from here');
      assert.equal(await listing('stranger', 'debian'), undefined);
      render([{ ...leaf2, modules: [open] }]);
      assert.equal(await listing('leaf1', 'debian'), undefined, 'revoked');
      assert.notEqual(await listing('leaf2', 'debian'), undefined);
    });

    test('no shell, other command, path, write, terminal or forwarding', async () => {
      render([
        { mirror: 'leaf1', key: keyOf('leaf1'), modules: [{ name: 'debian', from: LOCAL }] },
      ]);
      const mark = join(folder, 'mark');
      for (const words of [[`touch ${mark}`], ['rsync --server --sender . /etc'], []]) {
        assert.match((await ssh(words)).stdout, /^@RSYNCD: /, 'rsync whatever is asked for');
      }
      assert.equal(existsSync(mark), false);
      const there = await run(['rsync', '-r', '-e', rsh('leaf1'), `${me}:/etc/hostname`, folder]);
      assert.notEqual(there.code, 0);
      writeFileSync(mark, 'x');
      const write = await run(['rsync', '-e', rsh('leaf1'), mark, `${me}::debian/`]);
      assert.notEqual(write.code, 0, 'what it says of that may be lost with the connection');
      assert.equal(existsSync(join(folder, 'srv/debian/mark')), false);
      assert.match((await ssh(['x'], ['-tt'])).stderr, /PTY allocation request failed/);
      const here = await ssh(['x'], ['-oExitOnForwardFailure=yes', '-R', '0:127.0.0.1:9']);
      assert.match(here.stderr, /remote port forwarding failed/);
      const through = await ssh([], ['-W', `127.0.0.1:${port}`]);
      assert.match(through.stderr, /administratively prohibited/);
    });

    const me = `${userInfo().username}@127.0.0.1`;
    const rsh = (name: string) =>
      `ssh -F none -p ${port} -i ${join(folder, name)} -oIdentitiesOnly=yes -oIdentityAgent=none -oBatchMode=yes -oUserKnownHostsFile=${join(folder, 'known_hosts')}`;

    /** The paths of a module without the top; undefined when it is not served. */
    async function listing(name: string, module: string): Promise<string[] | undefined> {
      const { code, stdout } = await run(['rsync', '-r', '-e', rsh(name), `${me}::${module}/`]);
      if (code !== 0) return undefined;
      const paths = stdout.trimEnd().split('\n');
      return paths.map((line) => line.split(' ').at(-1) ?? '').filter((path) => path !== '.');
    }

    function ssh(words: string[], flags: string[] = []) {
      const [program = '', ...options] = rsh('leaf1').split(' ');
      return run([program, '-oLogLevel=INFO', ...options, ...flags, me, '--', ...words]);
    }
  },
);

test('a key that may have nothing gets no line; from where is said once for all', () => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'lone')]);
  mkdirSync(join(folder, 'pulls'), { recursive: true });
  const one = { mirror: 'lone', key: keyOf('lone') };
  assert.deepEqual(render([{ ...one, modules: [] }]).lines, []);
  assert.deepEqual(render([{ ...one, modules: [{ name: 'x', from: LOCAL }] }]).lines, []);
  const from = ['192.0.2.0/24', '2001:db8::/32'];
  const { lines } = render([{ ...one, modules: [{ name: 'debian', from }] }]);
  assert.match(lines[0] ?? '', /,from="192\.0\.2\.0\/24,2001:db8::\/32" ssh-ed25519 /);
});

async function run(argv: string[]) {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, { timeout: 15_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end();
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
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
  const deadline = performance.now() + 10_000;
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
