import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { renderAuthorizedKey, type AuthorizedKey } from './authorized-keys.ts';
import { AclError } from './errors.ts';
import { parsePublicKey } from './key.ts';

const folder = mkdtempSync(join(tmpdir(), 'sshd-'));
after(() => rmSync(folder, { recursive: true }));

const key = parsePublicKey(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnWKg9u2DZHFZqgUSNwnoKk0e2H2KyN6bIaZeFLNxCb x@y',
);
const command = ['/usr/bin/mirror-agent', 'receive', '--state=/var/lib/mirror-agent'];

describe('renderAuthorizedKey', () => {
  test('one line: nothing but the command, from nowhere but there', () => {
    const from = ['192.0.2.0/24', '2001:DB8::1'];
    assert.equal(
      renderAuthorizedKey({ command, key, from, comment: 'hub1.example' }),
      'restrict,command="/usr/bin/mirror-agent receive --state=/var/lib/mirror-agent",' +
        `from="192.0.2.0/24,2001:db8::1/128" ${key.line} hub1.example`,
    );
    const plain = renderAuthorizedKey({ command: ['/bin/true'], key });
    assert.equal(plain, `restrict,command="/bin/true" ${key.line}`);
  });

  const bad: [string, Partial<AuthorizedKey>][] = [
    ['no command', { command: [] }],
    ['a command that is searched for', { command: ['mirror-agent'] }],
    ['a word in front that sets a variable', { command: ['A=b', '/bin/true'] }],
    ['an empty word', { command: ['/bin/true', ''] }],
    ...Array.from('\'"\\ \n\r\t;&|<>$`()*?[]{}!#~%^').map(
      (odd): [string, Partial<AuthorizedKey>] => [
        `the character ${JSON.stringify(odd)}`,
        { command: ['/bin/echo', `a${odd}b`] },
      ],
    ),
    ['a letter that is not ASCII', { command: ['/bin/é'] }],
    ['from nowhere', { from: [] }],
    ['from a name', { from: ['*.example.org'] }],
    ['a range that sshd would not read', { from: ['10.1.2.3/8'] }],
    ['a comment with a line break', { comment: 'a\nssh-ed25519 AAAA' }],
    ['a comment of two words', { comment: 'a b' }],
    ['too many ranges', { from: Array.from({ length: 900 }, (_, at) => `10.0.${at % 256}.0/24`) }],
  ];
  for (const [name, part] of bad) {
    test(`${name} is refused`, () => {
      assert.throws(() => renderAuthorizedKey({ command, key, ...part }), AclError);
    });
  }
});

describe('the real sshd', { skip: existsSync('/usr/sbin/sshd') ? false : 'no sshd here' }, () => {
  const clientKey = join(folder, 'client');
  const farKey = join(folder, 'far');
  const mark = join(folder, 'mark');
  let daemon: ChildProcess;
  let port: number;

  before(async () => {
    for (const path of [clientKey, farKey, join(folder, 'host')]) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    }
    const script = join(folder, 'forced');
    writeFileSync(script, '#!/bin/sh\necho "forced $1: $SSH_ORIGINAL_COMMAND"\ntty >&2\nexit 0\n');
    chmodSync(script, 0o755);
    const lines = [
      lineFor(clientKey, ['127.0.0.1', '127.0.0.2']),
      lineFor(farKey, ['192.0.2.0/24', '2001:db8::/32']),
    ];
    writeFileSync(join(folder, 'authorized_keys'), `${lines.join('\n')}\n`, { mode: 0o600 });
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
    port = await freePort();
    daemon = startSshd(port);
    await listening(port);

    function lineFor(path: string, from: string[]): string {
      const publicKey = parsePublicKey(readFileSync(`${path}.pub`, 'utf8'));
      return renderAuthorizedKey({ command: [script, 'ours'], key: publicKey, from });
    }
  });

  after(async () => {
    daemon.kill();
    await once(daemon, 'exit');
  });

  test('runs our command, and hands it the words of the other side as a text', async () => {
    const { code, stdout } = await ssh(['sync:archive:debian sync:all; touch /x']);
    assert.equal(code, 0);
    assert.equal(stdout, 'forced ours: sync:archive:debian sync:all; touch /x\n');
  });

  test('no other command, shell or subsystem', async () => {
    assert.match((await ssh([`touch ${mark}`])).stdout, /^forced ours: /);
    assert.match((await ssh([], 'touch x\n')).stdout, /^forced ours: \n$/);
    assert.match((await ssh(['-s', 'sftp'])).stdout, /^forced ours: /);
    assert.equal(existsSync(mark), false);
  });

  test('no terminal', async () => {
    const forced = await ssh(['-tt', 'x']);
    assert.match(forced.stderr, /PTY allocation request failed/);
    assert.match((await ssh(['x'])).stderr, /not a tty/);
  });

  test('no forwarding, to here or to there', async () => {
    const there = await ssh(['-W', `127.0.0.1:${port}`]);
    assert.notEqual(there.code, 0);
    assert.match(there.stderr, /administratively prohibited/);
    const here = await ssh(['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:9', 'x']);
    assert.notEqual(here.code, 0);
    assert.match(here.stderr, /remote port forwarding failed/);
  });

  test('from the addresses in its line only', async () => {
    assert.equal((await ssh(['-b', '127.0.0.2', 'x'])).code, 0);
    const elsewhere = await ssh(['-b', '127.0.0.3', 'x']);
    assert.equal(elsewhere.code, 255);
    assert.match(elsewhere.stderr, /Permission denied/);
    assert.equal((await ssh(['x'], '', farKey)).code, 255);
  });

  async function ssh(words: string[], stdin = '', identity = clientKey) {
    const options = [
      `-p${port}`,
      '-F/dev/null',
      `-i${identity}`,
      '-oIdentitiesOnly=yes',
      '-oIdentityAgent=none',
      '-oBatchMode=yes',
      '-oStrictHostKeyChecking=no',
      `-oUserKnownHostsFile=${join(folder, 'known_hosts')}`,
      '-oLogLevel=INFO',
    ];
    const own = words.slice(0, words.findLastIndex((word) => word.startsWith('-')) + 1);
    const takesValue = ['-b', '-R', '-W', '-o'].includes(own.at(-1) ?? '');
    const flags = takesValue ? words.slice(0, own.length + 1) : own;
    const child = spawn('ssh', [
      ...options,
      ...flags,
      `${userInfo().username}@127.0.0.1`,
      ...words.slice(flags.length),
    ]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end(stdin);
    const timer = setTimeout(() => child.kill(), 10_000);
    await once(child, 'close');
    clearTimeout(timer);
    return { code: child.exitCode, stdout, stderr };
  }
});

function startSshd(port: number): ChildProcess {
  const conf = join(folder, 'sshd_config');
  writeFileSync(
    conf,
    [
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      'PidFile none',
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'AuthenticationMethods publickey',
      'PermitRootLogin yes',
      'StrictModes no',
      'UsePAM no',
      'AllowTcpForwarding yes',
      'PermitTTY yes',
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n'),
  );
  // sshd starts itself again for each connection and wants to be called by its full path.
  return spawn('/usr/sbin/sshd', ['-D', '-e', '-f', conf, '-p', String(port)], { stdio: 'ignore' });
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
