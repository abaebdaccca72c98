import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatTrace } from './format.ts';
import { formatHierarchy, joinHierarchy, parseHierarchy, parseTraceList } from './hierarchy.ts';
import { parseTrace } from './parse.ts';

const FTPSYNC = '/usr/bin/ftpsync';
const skip = existsSync(FTPSYNC) ? false : 'ftpsync is not installed';

describe('what stock ftpsync writes, pulling from a real rsync daemon', { skip }, () => {
  const home = mkdtempSync(join(tmpdir(), 'ftpsync-'));
  const upstream = join(home, 'upstream');
  const to = join(home, 'leaf');
  let daemon: ChildProcess;

  before(async () => {
    put('project/trace/master', 'Sat Nov 21 08:00:00 UTC 2026\nArchive serial: 2026112101\n');
    put('project/trace/_hierarchy.mirror', 'hub hub hub.example.org ftp-master.example.org\n');
    put('dists/sid/main/binary-amd64/Packages.gz', 'x');
    put('dists/sid/main/source/Sources.gz', 'x');
    put('pool/a.deb', 'x'.repeat(10_000));
    const port = await freePort();
    daemon = startDaemon(port);
    await listening(port);
    configure(port);
    execFileSync('bash', [FTPSYNC], {
      env: { HOME: home, PATH: '/usr/sbin:/usr/bin:/bin', LOGNAME: 'x', LC_ALL: 'C.UTF-8' },
      timeout: 30_000,
    });
  });

  after(async () => {
    daemon.kill();
    await once(daemon, 'exit');
    rmSync(home, { recursive: true });
  });

  test('the trace file is read field by field', () => {
    const { date, dateStarted, bytesReceived, creator, ...rest } = parseTrace(content('leaf'));
    assert.ok(date !== undefined && dateStarted !== undefined && dateStarted <= date);
    assert.ok(Math.abs(Date.now() - date.getTime()) < 60_000);
    assert.ok(bytesReceived !== undefined && bytesReceived > 0);
    assert.match(creator ?? '', /^ftpsync \d{8}/);
    const { secondsStage1, secondsStage2, seconds, averageRate, ...fields } = rest;
    assert.equal((secondsStage1 ?? -1) + (secondsStage2 ?? -1), seconds);
    assert.equal(averageRate === undefined, seconds === 0);
    assert.deepEqual(fields, {
      archiveSerial: '2026112101',
      usedFtpsyncVersion: creator?.split(' ')[1],
      runningOnHost: 'leaf.example.org',
      maintainer: 'Admins <admins@example.org>',
      sponsor: 'Example & Co',
      country: 'DE',
      location: 'Köln',
      throughput: '10Gb',
      trigger: 'cron',
      architectures: ['amd64', 'source'],
      architecturesConfiguration: { kind: 'include', architectures: ['amd64', 'source'] },
      upstreamMirror: 'hub.example.org',
      rsyncTransport: 'undefined',
    });
  });

  test('written again it is the same, byte for byte', () => {
    const original = content('leaf');
    const { date, ...rest } = parseTrace(original);
    assert.ok(date);
    assert.equal(formatTrace({ ...rest, date }), original);
  });

  test('so is the hierarchy, and ours grows as its does', () => {
    const original = content('_hierarchy');
    const lines = parseHierarchy(original);
    assert.equal(formatHierarchy(lines), original);
    const own = {
      traceFile: 'leaf',
      mirror: 'leaf',
      host: 'leaf.example.org',
      upstream: 'hub.example.org',
    };
    const above = readFileSync(join(upstream, 'project/trace/_hierarchy.mirror'), 'utf8');
    assert.deepEqual(lines, joinHierarchy(parseHierarchy(above), own));
  });

  test('the list of traces names the same files', () => {
    assert.deepEqual(parseTraceList(content('_traces')).toSorted(), ['leaf', 'master']);
  });

  function put(path: string, text: string) {
    mkdirSync(join(upstream, path, '..'), { recursive: true });
    writeFileSync(join(upstream, path), text);
  }

  function content(name: string): string {
    return readFileSync(join(to, 'project/trace', name), 'utf8');
  }

  function startDaemon(port: number): ChildProcess {
    const lines = ['use chroot = no', '[debian]', `path = ${upstream}`, 'read only = yes', ''];
    const conf = join(home, 'rsyncd.conf');
    writeFileSync(conf, lines.join('\n'));
    const args = ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`];
    return spawn('rsync', [...args, `--config=${conf}`], { stdio: 'ignore' });
  }

  function configure(port: number) {
    const lines = [
      'MIRRORNAME=leaf',
      'TRACEHOST=leaf.example.org',
      `TO=${to}`,
      'MAILTO=root',
      'RSYNC_HOST=hub.example.org',
      `RSYNC_SOURCE=rsync://127.0.0.1:${port}/debian/`,
      'ARCH_INCLUDE="source amd64"',
      'INFO_MAINTAINER="Admins <admins@example.org>"',
      'INFO_SPONSOR="Example & Co"',
      'INFO_COUNTRY=DE',
      'INFO_LOCATION="Köln"',
      'INFO_THROUGHPUT=10Gb',
      'INFO_TRIGGER=cron',
      '',
    ];
    mkdirSync(join(home, '.config/ftpsync'), { recursive: true });
    writeFileSync(join(home, '.config/ftpsync/ftpsync.conf'), lines.join('\n'));
  }
});

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
